import * as vscode from 'vscode';
import type { EngineHost } from '../engine/engineHost.ts';
import type { Store } from '../state/store.ts';
import type { Timelines } from '../timeline/timelines.ts';
import type { RunCatalog } from './runCatalog.ts';
import { registerRunCommands } from './runCommands.ts';
import { RunsTree } from './runsTree.ts';

/** The Runs view and its commands. */
export function registerRuns(
  store: Store,
  engine: EngineHost,
  catalog: RunCatalog,
  timelines: Timelines,
): vscode.Disposable {
  const tree = new RunsTree(store, catalog);
  return vscode.Disposable.from(tree, registerRunCommands({ catalog, engine, timelines, view: tree.view }));
}
