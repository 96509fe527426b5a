import * as vscode from 'vscode';

/** The setting `hopescope.levels`: what is not a text is left out, what is no level the reader refuses in words. */
export function levelPatterns(): Record<string, string> {
  const value: unknown = vscode.workspace.getConfiguration('hopescope').get('levels');
  if (typeof value !== 'object' || value === null) return {};
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}
