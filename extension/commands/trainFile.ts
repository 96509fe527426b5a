import * as vscode from 'vscode';
import { openText, wholeText } from '../training/documents.ts';
import type { CommandContext } from './commandContext.ts';

/** Trains on a whole file: the one clicked in the explorer, else the one in the active editor. */
export async function trainFile({ trainer }: CommandContext, argument: unknown): Promise<void> {
  if (trainer.busy) return trainer.refuseSecond();
  const uri = argument instanceof vscode.Uri ? argument : vscode.window.activeTextEditor?.document.uri;
  if (uri) return trainer.train(wholeText(await openText(uri)));
  await vscode.window.showWarningMessage(
    'No file to train on. Open a text file or choose one in the Explorer.',
  );
}
