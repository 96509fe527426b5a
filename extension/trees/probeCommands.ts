import * as vscode from 'vscode';
import type { EngineApi } from '../engine/engineApi.ts';
import { EngineFailure, failureText } from '../engine/engineFailure.ts';
import type { PinnedProbes } from '../probes/pinnedProbes.ts';
import { type ProbeEntry, sameProbe } from '../state/probes.ts';
import type { Store } from '../state/store.ts';
import type { ProbeRow } from './probesTree.ts';

/** Remove, score, edit, pin and unpin of a row of the Probes tree; by key they act on the selected one. */
export function registerProbeCommands(
  store: Store,
  engine: EngineApi,
  pinned: PinnedProbes,
  view: vscode.TreeView<ProbeRow>,
): vscode.Disposable {
  const register = (name: string, act: (entry: ProbeEntry) => unknown) =>
    vscode.commands.registerCommand(`hopescope.probes.${name}`, async (row?: ProbeRow) => {
      const chosen = row ?? view.selection[0];
      // Scores may have come since the row was drawn.
      const entry =
        chosen &&
        'probe' in chosen &&
        store.snapshot.probes.find(({ probe }) => sameProbe(probe, chosen.probe));
      if (!entry) return;
      try {
        await act(entry);
      } catch (error) {
        await vscode.window.showErrorMessage(failureText(error));
      }
    });
  return vscode.Disposable.from(
    register('remove', entry =>
      entry.pinned ? pinned.unpin([entry.probe]) : store.removeProbe(entry.probe),
    ),
    register('rescore', entry => rescore(store, engine, entry)),
    register('edit', ({ probe }) => vscode.commands.executeCommand('hopescope.probe', probe)),
  );
}

async function rescore(store: Store, engine: EngineApi, { probe, before }: ProbeEntry): Promise<void> {
  try {
    const [score] = await vscode.window.withProgress(
      { location: { viewId: 'hopescope.probes' }, title: 'Scoring the probe' },
      () => engine.scoreProbes([probe]),
    );
    store.scoreProbes([{ probe, before, score }]);
  } catch (error) {
    if (error instanceof EngineFailure && error.code === 'cancelled') return;
    await vscode.window.showErrorMessage(failureText(error));
  }
}
