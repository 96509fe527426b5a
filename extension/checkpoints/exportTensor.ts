import * as vscode from 'vscode';
import type { CheckpointPage } from './checkpointPage.ts';

const FORMATS = [
  ['svg', 'Charts as SVG', 'as they stand'],
  ['png', 'Charts as PNG', 'as they stand'],
  ['csv', 'Chart Data as CSV', 'counts, singular values and row norms'],
  ['json', 'Chart Data as JSON', 'all that the charts are drawn from'],
] as const;

/** Saves the charts of the selected tensor, or their data, as the user chooses. */
export async function exportTensor(page: CheckpointPage): Promise<void> {
  const items = FORMATS.map(([format, label, detail]) => ({ format, label, detail }));
  const item = await vscode.window.showQuickPick(items, {
    ...{ title: 'Export', placeHolder: 'What to export', ignoreFocusOut: true },
  });
  if (!item) return;
  // Before the dialog: what is exported is what was seen.
  const bytes = await page.exportChart(item.format);
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  const target = await vscode.window.showSaveDialog({
    title: `Export ${item.label}`,
    filters: { [item.label]: [item.format] },
    defaultUri: folder && vscode.Uri.joinPath(folder, `tensor.${item.format}`),
  });
  if (target) await vscode.workspace.fs.writeFile(target, bytes);
}
