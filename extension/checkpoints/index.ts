import * as vscode from 'vscode';
import { failureText } from '../engine/engineFailure.ts';
import type { Timelines } from '../timeline/timelines.ts';
import { CheckpointEditors } from './checkpointEditors.ts';

/** Editors of checkpoints, with the first of them the process that reads them, and folders of snapshots as runs. */
export function registerCheckpoints(
  context: vscode.ExtensionContext,
  log: vscode.LogOutputChannel,
  timelines: Timelines,
): vscode.Disposable {
  const snapshots = async (folder: unknown) => {
    try {
      const { openSnapshots } = await import('./openSnapshots.ts');
      await openSnapshots(context, log, timelines, folder);
    } catch (error) {
      await vscode.window.showErrorMessage(failureText(error));
    }
  };
  return vscode.Disposable.from(
    new CheckpointEditors(context, log),
    vscode.commands.registerCommand('hopescope.openSnapshots', snapshots),
  );
}
