import * as vscode from 'vscode';
import type { Probe, RunInfo } from '../../engine/protocol/index.ts';
import { grouped } from '../training/figures.ts';
import { askProbes } from './askFact.ts';
import { parseRange, rangeProblem } from './range.ts';

/** What is asked about a run. */
export interface Question {
  readonly fact: Probe;
  readonly paraphrases: readonly Probe[];
  readonly neighbours: readonly Probe[];
  readonly from: number;
  readonly to: number;
}

type Item = vscode.QuickPickItem & { readonly act: 'ask' | 'paraphrases' | 'neighbours' | 'range' };

/** Lets the user add probes and choose the stretch of updates, or ask at once; undefined when they give up. */
export async function refineQuestion(
  start: Question,
  run: RunInfo,
  known: readonly Probe[],
): Promise<Question | undefined> {
  let question = start;
  for (;;) {
    const choice = await vscode.window.showQuickPick(itemsOf(question, run), {
      title: 'Which Level Learned This?',
      placeHolder: `In ${run.title}`,
      ignoreFocusOut: true,
      matchOnDetail: true,
    });
    if (!choice) return undefined;
    if (choice.act === 'ask') return question;
    if (choice.act === 'range') question = { ...question, ...(await askRange(question, run)) };
    else {
      const chosen = await askProbes(choice.label, known, question[choice.act]);
      if (chosen) question = { ...question, [choice.act]: chosen };
    }
  }
}

function itemsOf({ from, to, paraphrases, neighbours }: Question, run: RunInfo): Item[] {
  const whole = from === 0 && to === run.updates ? 'the whole run, ' : '';
  return [
    { act: 'ask', label: 'Ask', description: `${whole}updates ${grouped(from)} to ${grouped(to)}` },
    {
      act: 'paraphrases',
      label: 'The Same Fact in Other Words…',
      description: chosenText(paraphrases),
      detail: 'Shows whether the fact was learned or its wording',
    },
    {
      act: 'neighbours',
      label: 'Facts That Should Not Have Changed…',
      description: chosenText(neighbours),
      detail: 'Shows what was damaged on the way',
    },
    { act: 'range', label: 'Other Updates…', description: `${grouped(from)} to ${grouped(to)}` },
  ];
}

async function askRange(
  { from, to }: Question,
  run: RunInfo,
): Promise<{ from: number; to: number } | undefined> {
  const text = await vscode.window.showInputBox({
    title: 'Compare the States after Two Numbers of Updates',
    prompt: `FROM to TO; 0 is the start of the run, ${run.updates} its end`,
    value: `${from} to ${to}`,
    ignoreFocusOut: true,
    validateInput: given => (parseRange(given, run.updates) ? undefined : rangeProblem(run.updates)),
  });
  return text === undefined ? undefined : parseRange(text, run.updates);
}

function chosenText(probes: readonly Probe[]): string {
  if (probes.length === 0) return 'none';
  return probes.length === 1 ? '1 probe' : `${probes.length} probes`;
}
