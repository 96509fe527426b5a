import * as vscode from 'vscode';
import type { ReadableDocument, TrainInput } from './trainInput.ts';
import { readSelections, readWhole } from './trainInput.ts';

/** Largest file that VS Code hands to extensions as a document. */
const LARGEST_DOCUMENT = 50 * 1024 * 1024;

/** The selected text of an editor; undefined when nothing is selected. */
export function selectedText({ document, selections }: vscode.TextEditor): TrainInput | undefined {
  const ranges = selections.map(selection => ({
    start: document.offsetAt(selection.start),
    end: document.offsetAt(selection.end),
  }));
  return readSelections(readable(document), ranges);
}

export function wholeText(document: vscode.TextDocument): TrainInput {
  const text = document.getText();
  return readWhole({ ...readable(document), text: () => text }, text.length);
}

/** Opens a file as text, whatever file system it is in. @throws Error with a sentence for the user */
export async function openText(uri: vscode.Uri): Promise<vscode.TextDocument> {
  const open = vscode.workspace.textDocuments.find(document => document.uri.toString() === uri.toString());
  if (open) return open;
  const name = nameOf(uri);
  const stat = await vscode.workspace.fs.stat(uri).then(
    found => found,
    () => undefined,
  );
  if (stat && stat.type & vscode.FileType.Directory) throw new Error(`“${name}” is a folder.`);
  if (stat && stat.size > LARGEST_DOCUMENT) {
    throw new Error(
      `“${name}” has more than 50 MB, the most that VS Code hands to an extension. Train on it with the hopescope command line.`,
    );
  }
  try {
    return await vscode.workspace.openTextDocument(uri);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(
      /binary/i.test(reason)
        ? `“${name}” is not text: it is a binary file.`
        : `“${name}” cannot be read: ${reason}`,
    );
  }
}

export function nameOf(uri: vscode.Uri): string {
  return uri.path.slice(uri.path.lastIndexOf('/') + 1);
}

function readable(document: vscode.TextDocument): ReadableDocument {
  return {
    uri: document.uri.toString(),
    version: document.version,
    name: nameOf(document.uri),
    text: (start, end) =>
      document.getText(new vscode.Range(document.positionAt(start), document.positionAt(end))),
    lineAt: offset => document.positionAt(offset).line,
  };
}
