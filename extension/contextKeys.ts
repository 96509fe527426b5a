import * as vscode from 'vscode';
import type { Snapshot, Store } from './state/store.ts';

/** Keeps the keys that menus and welcome views ask for: `hopescope.training`, `hopescope.hasModel`, `hopescope.hasRun`. */
export function registerContextKeys(store: Store): vscode.Disposable {
  const known = new Map<string, boolean>();
  const set = ({ phase, model, run }: Snapshot) => {
    const now = { training: phase === 'running', hasModel: model !== undefined, hasRun: run !== undefined };
    for (const [key, value] of Object.entries(now)) {
      if (known.get(key) === value) continue;
      known.set(key, value);
      void vscode.commands.executeCommand('setContext', `hopescope.${key}`, value);
    }
  };
  set(store.snapshot);
  return store.onDidChange(set);
}
