import * as vscode from 'vscode';
import { SnapshotProgressType, WriteSnapshotRun } from '../../engine/protocol/inspectorRequests.ts';
import { EngineFailure } from '../engine/engineFailure.ts';
import { randomName } from '../randomName.ts';
import { engineCommand } from '../settings/configuration.ts';
import { levelPatterns } from '../settings/levelPatterns.ts';
import type { Timelines } from '../timeline/timelines.ts';
import { newRunId, runFile } from '../training/newRun.ts';
import { InspectorProcess } from './inspectorProcess.ts';

/** Writes a run of the snapshots in a folder and opens its Timeline. @param given a folder chosen in the Explorer */
export async function openSnapshots(
  context: vscode.ExtensionContext,
  log: vscode.LogOutputChannel,
  timelines: Timelines,
  given: unknown,
): Promise<void> {
  const folder = given instanceof vscode.Uri ? given : await browse();
  if (!folder) return;
  if (folder.scheme !== 'file') {
    throw new Error('Snapshots must lie in a folder on the machine where the extension runs.');
  }
  const target = await runFile(context, newRunId());
  const { execPath, env } = engineCommand(context);
  const modulePath = context.asAbsolutePath('dist/inspector.cjs');
  const process = new InspectorProcess({ modulePath, execPath, env }, log);
  try {
    await vscode.window.withProgress(
      { location: vscode.ProgressLocation.Notification, title: 'Reading the snapshots', cancellable: true },
      (progress, cancelled) => {
        const token = randomName(8);
        let shown = 0;
        process.onProgress(SnapshotProgressType, token, ({ done, total }) => {
          const percent = (100 * done) / total;
          progress.report({ message: `${done + 1} of ${total + 1}`, increment: percent - shown });
          shown = percent;
        });
        const engineVersion: string = context.extension.packageJSON.version;
        const params = { folder: folder.fsPath, target, levels: levelPatterns(), engineVersion, token };
        return process.request(WriteSnapshotRun, params, { token: cancelled, timeout: 0 });
      },
    );
  } catch (error) {
    await vscode.workspace.fs.delete(vscode.Uri.file(target)).then(undefined, () => {});
    if (error instanceof EngineFailure && error.code === 'cancelled') return;
    throw error;
  } finally {
    process.kill();
  }
  await timelines.open(target);
}

async function browse(): Promise<vscode.Uri | undefined> {
  const chosen = await vscode.window.showOpenDialog({
    title: 'Open Snapshots as Run',
    openLabel: 'Open Snapshots',
    canSelectFolders: true,
    canSelectFiles: false,
  });
  return chosen?.[0];
}
