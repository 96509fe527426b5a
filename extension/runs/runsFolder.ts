import * as vscode from 'vscode';

/** Where trainings of this workspace write their runs. */
export function runsFolder(context: vscode.ExtensionContext): vscode.Uri {
  return vscode.Uri.joinPath(context.storageUri ?? context.globalStorageUri, 'runs');
}

/** The file of a run that is recorded here. */
export function runUri(context: vscode.ExtensionContext, runId: string): vscode.Uri {
  return vscode.Uri.joinPath(runsFolder(context), `${runId}.hoperun`);
}
