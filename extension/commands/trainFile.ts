import * as vscode from 'vscode';
import { openText, wholeText } from '../training/documents.ts';
import type { CommandContext } from './commandContext.ts';

/** Trains on a whole file: the one clicked in the explorer, else the one in the active editor. */
export async function trainFile({ trainer }: CommandContext, argument: unknown): Promise<void> {
  if (trainer.busy) return trainer.refuseSecond();
  const uri = argument instanceof vscode.Uri ? argument : activeFile();
  if (uri) return trainer.train(wholeText(await openText(uri)));
  await vscode.window.showWarningMessage(
    'No file to train on. Open a text file or choose one in the Explorer.',
  );
}

/** A file that is too large for the text editor still has its tab. */
function activeFile(): vscode.Uri | undefined {
  const editor = vscode.window.activeTextEditor;
  if (editor) return editor.document.uri;
  const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
  return input instanceof vscode.TabInputText ? input.uri : undefined;
}
