import * as vscode from 'vscode';
import { megabytes } from '../training/figures.ts';
import { runCsv, runJson } from '../training/runTable.ts';
import type { CommandContext } from './commandContext.ts';

interface ExportItem extends vscode.QuickPickItem {
  readonly extension: string;
  /** Writes the file, or returns what is to be written. */
  readonly write: (target: vscode.Uri) => Promise<Uint8Array | undefined>;
}

/** Saves the chart, the updates or the fast state to a file of the user's choice. */
export async function exportRun(c: CommandContext): Promise<void> {
  const choices = items(c);
  if (choices.length === 0) {
    await vscode.window.showInformationMessage('There is nothing to export yet: no model is loaded.');
    return;
  }
  const item = await vscode.window.showQuickPick(choices, { title: 'Export', placeHolder: 'What to export' });
  if (!item) return;
  const name = c.store.snapshot.run?.id ?? c.store.snapshot.model?.name ?? 'hopescope';
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  const file = `${name}.${item.extension}`;
  const target = await vscode.window.showSaveDialog({
    title: `Export ${item.label}`,
    filters: { [item.label]: [item.extension] },
    defaultUri: folder ? vscode.Uri.joinPath(folder, file) : undefined,
  });
  if (!target) return;
  const bytes = await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Window, title: `Exporting ${item.label}` },
    () => item.write(target),
  );
  if (bytes) await vscode.workspace.fs.writeFile(target, bytes);
  const { size } = await vscode.workspace.fs.stat(target);
  await vscode.window.showInformationMessage(`${item.label} saved: ${megabytes(size)}.`);
}

function items({ store, levels, engine, context }: CommandContext): ExportItem[] {
  const { run, model } = store.snapshot;
  const chart = (format: 'svg' | 'png'): ExportItem => ({
    label: `Levels chart as ${format.toUpperCase()}`,
    extension: format,
    write: async () => {
      const { text, bytes } = await levels.exportChart(format);
      return bytes ?? Buffer.from(text ?? '');
    },
  });
  const found: ExportItem[] = model ? [chart('svg'), chart('png')] : [];
  if (run && run.updates > 0) {
    // The host keeps the newest updates of a long run, and says so instead of passing them off as all.
    const detail =
      run.keptUpdates < run.updates
        ? `the newest ${run.keptUpdates} of ${run.updates} updates; all of them are in the run file`
        : undefined;
    found.push(
      { label: 'Updates as CSV', detail, extension: 'csv', write: async () => joined(runCsv(run)) },
      { label: 'Updates as JSON', detail, extension: 'json', write: async () => joined(runJson(run)) },
    );
  }
  if (model) {
    const detail = `what ${model.updates === 1 ? 'the update has' : `${model.updates} updates have`} changed against the base checkpoint`;
    const state = (label: string, extension: string): ExportItem => ({
      ...{ label, detail, extension },
      write: target => saveFastState(engine, context, target),
    });
    found.push(
      // The same file by either name: one opens as a fast state, the other in any program that reads safetensors.
      state('Fast state as hopestate', 'hopestate'),
      state('Fast state as safetensors', 'safetensors'),
    );
  }
  return found;
}

/** The engine writes to disk; a target elsewhere gets a copy. */
async function saveFastState(
  engine: CommandContext['engine'],
  context: vscode.ExtensionContext,
  target: vscode.Uri,
): Promise<undefined> {
  if (target.scheme === 'file') return void (await engine.saveFastState(target.fsPath));
  await vscode.workspace.fs.createDirectory(context.globalStorageUri);
  const copy = vscode.Uri.joinPath(context.globalStorageUri, 'export.safetensors');
  await engine.saveFastState(copy.fsPath);
  try {
    await vscode.workspace.fs.copy(copy, target, { overwrite: true });
  } finally {
    await vscode.workspace.fs.delete(copy);
  }
}

function joined(parts: Iterable<string>): Uint8Array {
  return Buffer.concat(Array.from(parts, part => Buffer.from(part)));
}
