import * as vscode from 'vscode';
import { CheckpointEditors } from './checkpointEditors.ts';
import { Inspectors } from './inspectors.ts';

/** Editors of checkpoints, and the process that reads them. */
export function registerCheckpoints(
  context: vscode.ExtensionContext,
  log: vscode.LogOutputChannel,
): vscode.Disposable {
  const inspectors = new Inspectors(context, log);
  return vscode.Disposable.from(new CheckpointEditors({ context, inspectors, log }), inspectors);
}
