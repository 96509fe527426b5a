import type * as vscode from 'vscode';
import { CheckpointEditors } from './checkpointEditors.ts';

/** Editors of checkpoints, and with the first of them the process that reads them. */
export function registerCheckpoints(
  context: vscode.ExtensionContext,
  log: vscode.LogOutputChannel,
): vscode.Disposable {
  return new CheckpointEditors(context, log);
}
