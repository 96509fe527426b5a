import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';

/** A name that sorts by time and that no other run has. */
export function newRunId(): string {
  return `${new Date().toISOString().replace(/[:.]/g, '-')}-${randomBytes(2).toString('hex')}`;
}

/** Path of a run's file, in a folder that is made where it is missing. */
export async function runFile(context: vscode.ExtensionContext, id: string): Promise<string> {
  const folder = vscode.Uri.joinPath(context.storageUri ?? context.globalStorageUri, 'runs');
  await vscode.workspace.fs.createDirectory(folder);
  return vscode.Uri.joinPath(folder, `${id}.hoperun`).fsPath;
}
