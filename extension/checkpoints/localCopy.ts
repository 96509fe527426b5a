import { basename } from 'node:path';
import * as vscode from 'vscode';

const LARGEST = 2 ** 30;

/**
 * The path that the inspector reads a file by. Where the file system has no paths the file is copied, whole, because
 * VS Code reads such files no other way. @throws Error for one of more than 1 GiB
 */
export async function localPath(context: vscode.ExtensionContext, uri: vscode.Uri): Promise<string> {
  if (uri.scheme === 'file') return uri.fsPath;
  const { size, mtime } = await vscode.workspace.fs.stat(uri);
  if (size > LARGEST) {
    const gib = (size / LARGEST).toFixed(1);
    throw new Error(
      `${uri.toString()} has ${gib} GiB. Of a file system without local paths at most 1 GiB is read: copy the file to a local folder.`,
    );
  }
  const { createHash } = await import('node:crypto');
  const key = createHash('sha256').update(`${uri.toString()} ${size} ${mtime}`).digest('hex').slice(0, 16);
  const folder = vscode.Uri.joinPath(context.globalStorageUri, 'copies', key);
  const copy = vscode.Uri.joinPath(folder, basename(uri.path));
  const there = await vscode.workspace.fs.stat(copy).then(
    found => found.size === size,
    () => false,
  );
  if (!there) await vscode.workspace.fs.writeFile(copy, await vscode.workspace.fs.readFile(uri));
  return copy.fsPath;
}
