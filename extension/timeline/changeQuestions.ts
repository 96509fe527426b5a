import * as vscode from 'vscode';
import { grouped } from '../training/figures.ts';

/** Asks for a number; undefined when the user gives up. */
export async function numberQuestion(
  title: string,
  prompt: string,
  value: string,
  holds: (n: number) => boolean,
): Promise<number | undefined> {
  const text = await vscode.window.showInputBox({
    ...{ title, prompt, value, ignoreFocusOut: true },
    validateInput: input =>
      isNumber(input) && holds(Number(input)) ? undefined : `A number is needed: ${prompt}.`,
  });
  return text === undefined ? undefined : Number(text);
}

/** Asks since which update a change counts. */
export function fromQuestion(title: string, updates: number): Promise<number | undefined> {
  const prompt = `Its state after which update? 0 is the start of the run, ${grouped(updates)} is here`;
  return numberQuestion(title, prompt, '0', n => Number.isSafeInteger(n) && n >= 0 && n <= updates);
}

const isNumber = (text: string): boolean => text.trim() !== '' && Number.isFinite(Number(text));
