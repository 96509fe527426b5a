import * as vscode from 'vscode';
import { grouped } from '../training/figures.ts';
import type { CommandContext } from './commandContext.ts';
import { rescoreProbes } from './rescoreProbes.ts';

/** Puts the fast state back to the base checkpoint, after a question when it holds updates. */
export async function resetMemory(c: CommandContext): Promise<void> {
  const { trainer, store, engine } = c;
  if (trainer.busy) return trainer.refuseSecond();
  const { model } = store.snapshot;
  if (!model || model.updates === 0) {
    await vscode.window.showInformationMessage(
      'The memory is as in the base checkpoint. There is nothing to reset.',
    );
    return;
  }
  const reset = 'Reset';
  const updates = model.updates === 1 ? 'the update' : `all ${grouped(model.updates)} updates`;
  const choice = await vscode.window.showWarningMessage(
    'Reset the memory?',
    { modal: true, detail: `${model.name} forgets ${updates}. Recorded runs stay on disk.` },
    reset,
  );
  if (choice !== reset) return;
  await engine.resetMemory();
  store.update({ phase: 'idle', run: undefined, failure: undefined });
  await rescoreProbes(c);
  await vscode.window.showInformationMessage('The memory is back at the base checkpoint.');
}
