import * as vscode from 'vscode';
import { failureText } from '../engine/engineFailure.ts';
import type { ProbeEntry } from '../state/probes.ts';
import type { Store } from '../state/store.ts';
import { probeLabel } from '../trees/probeRow.ts';
import type { PinnedProbes } from './pinnedProbes.ts';

/** Pin and unpin, of a row of the Probes view or of probes that are asked for. */
export function registerPinning(store: Store, pinned: PinnedProbes): vscode.Disposable {
  const register = (
    name: string,
    title: string,
    offered: (entry: ProbeEntry) => boolean,
    act: (entries: readonly ProbeEntry[]) => Promise<void>,
  ) =>
    vscode.commands.registerCommand(`hopescope.probes.${name}`, async (row?: unknown) => {
      try {
        const entries = isEntry(row) ? [row] : await choose(store, title, offered);
        if (entries.length > 0) await act(entries);
      } catch (error) {
        await vscode.window.showErrorMessage(failureText(error));
      }
    });
  return vscode.Disposable.from(
    register(
      'pin',
      'Pin Probes to Workspace',
      entry => !entry.pinned,
      async entries => {
        await pinned.pin(entries.map(({ probe }) => probe));
        // Their scores go on.
        for (const entry of entries) store.putProbe(entry);
      },
    ),
    register(
      'unpin',
      'Unpin Probes from Workspace',
      entry => !!entry.pinned,
      async entries => {
        await pinned.unpin(entries.map(({ probe }) => probe));
        for (const entry of entries) store.putProbe(entry);
      },
    ),
  );
}

async function choose(
  store: Store,
  title: string,
  offered: (entry: ProbeEntry) => boolean,
): Promise<readonly ProbeEntry[]> {
  const entries = store.snapshot.probes.filter(offered);
  if (entries.length === 0) {
    await vscode.window.showInformationMessage(`${title}: there is no such probe. Add one first.`);
    return [];
  }
  const items = entries.map(entry => ({ label: probeLabel(entry), entry }));
  const chosen = await vscode.window.showQuickPick(items, {
    title,
    canPickMany: true,
    placeHolder: 'Which probes',
  });
  return chosen?.map(({ entry }) => entry) ?? [];
}

function isEntry(value: unknown): value is ProbeEntry {
  const probe = (value as Partial<ProbeEntry> | undefined)?.probe;
  return typeof probe?.prompt === 'string' && typeof probe.answer === 'string';
}
