import * as vscode from 'vscode';
import { localPath } from '../checkpoints/localCopy.ts';
import { grouped } from '../training/figures.ts';
import type { CommandContext } from './commandContext.ts';
import { rescoreProbes } from './rescoreProbes.ts';

/**
 * Puts a saved fast state into the memory, after a question when that forgets updates. A state of another base is
 * refused with both hashes, and the memory stays. @param given a file chosen in the Explorer
 */
export async function loadFastState(c: CommandContext, given: unknown): Promise<void> {
  const { context, engine, store, trainer } = c;
  if (trainer.busy) return trainer.refuseSecond();
  const file = given instanceof vscode.Uri ? given : await browse();
  if (!file) return;
  const { model } = store.snapshot;
  if (model && model.updates > 0) {
    const load = 'Load';
    const updates = model.updates === 1 ? 'the update' : `all ${grouped(model.updates)} updates`;
    const detail = `${model.name} forgets ${updates} that it holds now. Export the fast state first to keep them.`;
    const question = 'Load another fast state?';
    if ((await vscode.window.showWarningMessage(question, { modal: true, detail }, load)) !== load) return;
  }
  const path = await localPath(context, file);
  const loaded = await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: 'Loading the fast state', cancellable: true },
    (_, token) => engine.loadFastState(path, token),
  );
  store.update({ phase: 'idle', run: undefined, failure: undefined });
  await rescoreProbes(c);
  await vscode.window.showInformationMessage(
    `The memory of ${loaded.name} holds ${loaded.updates === 1 ? '1 update' : `${grouped(loaded.updates)} updates`}.`,
  );
}

async function browse(): Promise<vscode.Uri | undefined> {
  const chosen = await vscode.window.showOpenDialog({
    title: 'Load Fast State',
    openLabel: 'Load',
    filters: { 'Fast state': ['hopestate', 'safetensors'] },
  });
  return chosen?.[0];
}
