import * as vscode from 'vscode';
import { launchOf, rangesOf } from '../debugger/configurations.ts';
import type { CommandContext } from './commandContext.ts';

/** Steps through a training on all selections of the active editor, without a launch configuration. */
export async function debugTraining(c: CommandContext): Promise<void> {
  if (c.trainer.busy) return c.trainer.refuseSecond();
  const editor = vscode.window.activeTextEditor;
  if (!editor) {
    await vscode.window.showWarningMessage(
      'No text editor is open. Open a text, select a part and try again.',
    );
    return;
  }
  const ranges = rangesOf(editor.selections);
  if (ranges.length > 0) return start(editor.document.uri, ranges);
  const whole = 'Debug Training on File';
  const choice = await vscode.window.showWarningMessage(
    'Nothing is selected. Select the text to train on, or step through a training on the whole file.',
    whole,
  );
  if (choice === whole) await start(editor.document.uri, []);
}

/** Steps through a training on a whole file: the one clicked in the explorer, else the one in the active editor. */
export async function debugTrainingFile({ trainer }: CommandContext, argument: unknown): Promise<void> {
  if (trainer.busy) return trainer.refuseSecond();
  const uri = argument instanceof vscode.Uri ? argument : vscode.window.activeTextEditor?.document.uri;
  if (uri) return start(uri, []);
  await vscode.window.showWarningMessage(
    'No file to train on. Open a text file or choose one in the Explorer.',
  );
}

async function start(uri: vscode.Uri, ranges: ReturnType<typeof rangesOf>): Promise<void> {
  await vscode.debug.startDebugging(vscode.workspace.getWorkspaceFolder(uri), launchOf(uri, ranges));
}
