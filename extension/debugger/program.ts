import { isAbsolute } from 'node:path';
import * as vscode from 'vscode';

/** A document as a launch configuration and the debugger name it: the path of a file, else the whole address. */
export function programPath(uri: vscode.Uri): string {
  return uri.scheme === 'file' ? uri.fsPath : uri.toString();
}

/** The document that a program names; a relative path starts at the workspace folder of its launch configuration. */
export function programUri(program: string, folder: vscode.WorkspaceFolder | undefined): vscode.Uri {
  if (isAbsolute(program)) return vscode.Uri.file(program);
  if (/^[a-z][a-z0-9+.-]+:/i.test(program)) return vscode.Uri.parse(program, true);
  const root = folder ?? vscode.workspace.workspaceFolders?.[0];
  if (root) return vscode.Uri.joinPath(root.uri, program);
  throw new Error(`“${program}” is a relative path, and no folder is open that it could start at.`);
}
