import * as vscode from 'vscode';
import { rescoreProbes } from '../commands/rescoreProbes.ts';
import { EngineFailure } from '../engine/engineFailure.ts';
import { grouped } from '../training/figures.ts';
import type { TimelinePage } from './timelinePage.ts';
import type { TimelineServices } from './timelineServices.ts';
import type { Timelines } from './timelines.ts';

let running: vscode.CancellationTokenSource | undefined;

/** Makes the state at the playhead the live one, with progress, cancellable. */
export async function restoreUpdate(
  { engine, store }: TimelineServices,
  timelines: Timelines,
  page: TimelinePage,
): Promise<void> {
  const { run, place, path } = page;
  if (!run || path === undefined) return;
  if (run.unavailable) return offerModel(run.unavailable);
  if (page.live) {
    await vscode.window.showWarningMessage(
      'A training is writing this run. Its newest update is the live state.',
    );
    return;
  }
  const { updates } = place;
  running?.cancel();
  const source = new vscode.CancellationTokenSource();
  running = source;
  page.seeking(updates);
  try {
    await vscode.window.withProgress(
      {
        location: vscode.ProgressLocation.Notification,
        title: `Restoring update ${grouped(updates)}`,
        cancellable: true,
      },
      async (_, token) => {
        token.onCancellationRequested(() => source.cancel());
        await timelines.quiet();
        await engine.seekRun(path, updates, source.token);
      },
    );
    timelines.markRestored({ path, updates });
    await rescoreProbes({ store, engine });
  } catch (error) {
    if (!(error instanceof EngineFailure && error.code === 'cancelled')) throw error;
    await vscode.window.showInformationMessage('Cancelled. The live state is as it was.');
  } finally {
    page.seeking(undefined);
    if (running === source) running = undefined;
    source.dispose();
  }
}

/** Stops a restoring that runs. */
export function cancelRestore(): void {
  running?.cancel();
}

/** Says what restoring needs. */
export async function offerModel(unavailable: string): Promise<void> {
  const select = 'Select Model…';
  if ((await vscode.window.showWarningMessage(unavailable, select)) === select) {
    await vscode.commands.executeCommand('hopescope.selectModel');
  }
}
