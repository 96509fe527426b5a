import * as vscode from 'vscode';
import { selectedText } from '../training/documents.ts';
import type { CommandContext } from './commandContext.ts';

/** Trains on all selections of the active editor, in document order. */
export async function trainSelection({ trainer }: CommandContext): Promise<void> {
  if (trainer.busy) return trainer.refuseSecond();
  const editor = vscode.window.activeTextEditor;
  if (!editor) {
    await vscode.window.showWarningMessage(
      'No text editor is open. Open a text, select a part and try again.',
    );
    return;
  }
  const input = selectedText(editor);
  if (input) return trainer.train(input);
  const whole = 'Train on File';
  const choice = await vscode.window.showWarningMessage(
    'Nothing is selected. Select the text to train on, or train on the whole file.',
    whole,
  );
  if (choice === whole) {
    await vscode.commands.executeCommand('hopescope.trainFile', editor.document.uri);
  }
}
