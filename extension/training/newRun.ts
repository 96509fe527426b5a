import * as vscode from 'vscode';
import { randomName } from '../randomName.ts';

/** A name that sorts by time and that no other run has. */
export function newRunId(): string {
  return `${new Date().toISOString().replace(/[:.]/g, '-')}-${randomName(2)}`;
}

/** Path of a run's file, in a folder that is made where it is missing. */
export async function runFile(context: vscode.ExtensionContext, id: string): Promise<string> {
  const folder = vscode.Uri.joinPath(context.storageUri ?? context.globalStorageUri, 'runs');
  await vscode.workspace.fs.createDirectory(folder);
  return vscode.Uri.joinPath(folder, `${id}.hoperun`).fsPath;
}
