import * as vscode from 'vscode';
import { decodeFrame } from '../../engine/protocol/index.ts';
import type { TimelinePage } from './timelinePage.ts';
import type { TimelineServices } from './timelineServices.ts';

/** Selects the tokens of the playhead's update in the text that was trained on, where this window knows it. */
export async function revealUpdate({ engine, store }: TimelineServices, page: TimelinePage): Promise<void> {
  const { run, place } = page;
  if (!run || place.updates === 0) return;
  const history = store.snapshot.run;
  if (history?.id !== run.id) {
    await vscode.window.showInformationMessage(
      'The text is known only for the newest training of this window. The strip above the tracks shows what was recorded.',
    );
    return;
  }
  const frame = await engine.request('ReadUpdates', { path: run.path, first: place.updates - 1, count: 1 });
  const [update] = decodeFrame(frame);
  if (!update || update.surprise.length === 0 || run.tokens === 0) return;
  const first = history.documentRange(update.position % run.tokens);
  const last = history.documentRange((update.position + update.surprise.length - 1) % run.tokens);
  if (!first || !last) return;
  const document = await vscode.workspace.openTextDocument(vscode.Uri.parse(history.documentUri));
  const range = new vscode.Range(
    document.positionAt(first.start),
    document.positionAt(Math.max(first.end, last.end)),
  );
  await vscode.window.showTextDocument(document, { selection: range, viewColumn: vscode.ViewColumn.Beside });
}
