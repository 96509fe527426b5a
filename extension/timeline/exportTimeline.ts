import * as vscode from 'vscode';
import { decodeFrame } from '../../engine/protocol/index.ts';
import { runReport } from '../../report/runReport.ts';
import { megabytes } from '../training/figures.ts';
import { CSV_HEAD, csvRows } from '../training/runTable.ts';
import type { TimelinePage } from './timelinePage.ts';
import type { TimelineServices } from './timelineServices.ts';

const CHUNK = 4096;
const FORMATS = [
  ['svg', 'Timeline as SVG', 'the charts as they stand'],
  ['png', 'Timeline as PNG', 'the charts as they stand'],
  ['csv', 'Timeline Data as CSV', 'what the charts show'],
  ['json', 'Timeline Data as JSON', 'what the charts and the panel show'],
] as const;

/** Saves the charts, their data, all updates or a report, as the user chooses. */
export async function exportTimeline(services: TimelineServices, page: TimelinePage): Promise<void> {
  const { run } = page;
  if (!run) return;
  const items = [
    ...FORMATS.map(([format, label, detail]) => ({
      label,
      detail,
      extension: format as string,
      make: async () => bytesOf(await page.exportChart(format)),
    })),
    {
      label: 'All Updates as CSV',
      detail: 'every update, block and level of the run',
      extension: 'csv',
      make: () => allUpdates(services, page),
    },
    {
      label: 'Report as Markdown',
      detail: 'a folder with the report and its pictures',
      extension: 'md',
      make: undefined,
    },
  ];
  const item = await vscode.window.showQuickPick(items, {
    title: 'Export',
    placeHolder: 'What to export',
    // The page may take the keyboard back late, after a dialog before this one.
    ignoreFocusOut: true,
  });
  if (!item) return;
  if (!item.make) return saveReport(page);
  const { make } = item;
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  const target = await vscode.window.showSaveDialog({
    title: `Export ${item.label}`,
    filters: { [item.label]: [item.extension] },
    defaultUri: folder && vscode.Uri.joinPath(folder, `${run.id}.${item.extension}`),
  });
  if (!target) return;
  const bytes = await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: `Exporting ${item.label}` },
    make,
  );
  await vscode.workspace.fs.writeFile(target, bytes);
  await vscode.window.showInformationMessage(`${item.label} saved: ${megabytes(bytes.byteLength)}.`);
}

const bytesOf = ({ text, bytes }: { text?: string; bytes?: Uint8Array }): Uint8Array =>
  bytes ?? Buffer.from(text ?? '');

async function allUpdates({ engine }: TimelineServices, page: TimelinePage): Promise<Uint8Array> {
  const run = page.run!;
  const parts = [Buffer.from(CSV_HEAD)];
  for (let first = 0; first < run.updates; first += CHUNK) {
    const frame = await engine.request('ReadUpdates', { path: run.path, first, count: CHUNK });
    parts.push(
      Buffer.from(
        decodeFrame(frame)
          .map(update => csvRows(update, run))
          .join(''),
      ),
    );
    if (frame.count === 0) break;
  }
  return Buffer.concat(parts);
}

/** Writes a report and its pictures to a folder that the user chooses. */
export async function saveReport(page: TimelinePage): Promise<void> {
  const { run } = page;
  if (!run) return;
  const [parent] =
    (await vscode.window.showOpenDialog({
      ...{ title: 'Report: choose a folder', openLabel: 'Write Report Here' },
      ...{
        canSelectFolders: true,
        canSelectFiles: false,
        defaultUri: vscode.workspace.workspaceFolders?.[0]?.uri,
      },
    })) ?? [];
  if (!parent) return;
  const folder = vscode.Uri.joinPath(parent, `report-${run.id}`);
  const pictures = await page.report();
  await vscode.workspace.fs.createDirectory(folder);
  for (const { name, svg } of pictures) {
    await vscode.workspace.fs.writeFile(vscode.Uri.joinPath(folder, `${name}.svg`), Buffer.from(svg));
  }
  const report = vscode.Uri.joinPath(folder, 'report.md');
  await vscode.workspace.fs.writeFile(report, Buffer.from(runReport(run, pictures)));
  const open = 'Open Report';
  void vscode.window
    .showInformationMessage(`Report saved with ${pictures.length} pictures.`, open)
    .then(choice => {
      if (choice === open) void vscode.commands.executeCommand('markdown.showPreview', report);
    });
}
