import * as vscode from 'vscode';
import type { EngineApi } from '../engine/engineApi.ts';
import type { PinnedProbes } from '../probes/pinnedProbes.ts';
import type { Store } from '../state/store.ts';
import { CheckpointTree } from './checkpointTree.ts';
import { registerProbeCommands } from './probeCommands.ts';
import { ProbesTree } from './probesTree.ts';

/** The Checkpoint and Probes views. */
export function registerTrees(store: Store, engine: EngineApi, pinned: PinnedProbes): vscode.Disposable {
  const probes = new ProbesTree(store);
  const view = vscode.window.createTreeView('hopescope.probes', { treeDataProvider: probes });
  return vscode.Disposable.from(
    new CheckpointTree(store, engine),
    view,
    probes,
    registerProbeCommands(store, engine, pinned, view),
  );
}
