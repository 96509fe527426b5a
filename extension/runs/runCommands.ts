import * as vscode from 'vscode';
import { failureText } from '../engine/engineFailure.ts';
import type { EngineHost } from '../engine/engineHost.ts';
import type { Timelines } from '../timeline/timelines.ts';
import { grouped } from '../training/figures.ts';
import type { RunCatalog } from './runCatalog.ts';
import type { RunNode } from './runNodes.ts';

interface Parts {
  readonly catalog: RunCatalog;
  readonly engine: EngineHost;
  readonly timelines: Timelines;
  readonly view: vscode.TreeView<RunNode>;
}

/** Commands of a row of the Runs tree; by key they act on the selected one. */
export function registerRunCommands({ catalog, engine, timelines, view }: Parts): vscode.Disposable {
  const register = (name: string, act: (node: RunNode) => unknown): vscode.Disposable =>
    vscode.commands.registerCommand(`hopescope.runs.${name}`, async (given?: unknown) => {
      const node = isNode(given) ? given : view.selection[0];
      if (!node) return;
      try {
        await act(node);
      } catch (error) {
        await vscode.window.showErrorMessage(failureText(error));
      }
    });
  return vscode.Disposable.from(
    register('open', node =>
      timelines.open(pathOf(node), node.kind === 'bookmark' ? node.bookmark.updates : undefined),
    ),
    register('compare', node => timelines.compare(pathOf(node))),
    register('reveal', node =>
      vscode.commands.executeCommand('revealFileInOS', vscode.Uri.file(pathOf(node))),
    ),
    register('delete', node =>
      node.kind === 'bookmark' ? removeBookmark(engine, catalog, node) : deleteRun(catalog, timelines, node),
    ),
    register('editNote', node => (node.kind === 'bookmark' ? editNote(engine, catalog, node) : undefined)),
    vscode.commands.registerCommand('hopescope.runs.refresh', () => catalog.refresh()),
  );
}

const pathOf = (node: RunNode): string => (node.kind === 'problem' ? node.path : node.info.path);

function isNode(value: unknown): value is RunNode {
  const kind = (value as Partial<RunNode> | undefined)?.kind;
  return kind === 'run' || kind === 'bookmark' || kind === 'problem';
}

type BookmarkNode = Extract<RunNode, { kind: 'bookmark' }>;

async function removeBookmark(
  engine: EngineHost,
  catalog: RunCatalog,
  { info, bookmark }: BookmarkNode,
): Promise<void> {
  await engine.request('Annotate', { path: info.path, updates: bookmark.updates });
  catalog.refresh();
}

async function editNote(
  engine: EngineHost,
  catalog: RunCatalog,
  { info, bookmark }: BookmarkNode,
): Promise<void> {
  const note = await vscode.window.showInputBox({
    ...{
      title: `Bookmark after Update ${grouped(bookmark.updates)}`,
      prompt: 'Note, may be empty',
      value: bookmark.note,
    },
  });
  if (note === undefined) return;
  await engine.request('Annotate', { path: info.path, updates: bookmark.updates, note });
  catalog.refresh();
}

/** Asks, then moves the file to the trash; where there is none, asks again before it is gone for good. */
async function deleteRun(catalog: RunCatalog, timelines: Timelines, node: RunNode): Promise<void> {
  const path = pathOf(node);
  const title = node.kind === 'run' ? node.info.title : path;
  const branches = node.kind === 'run' ? node.children.filter(({ kind }) => kind === 'run').length : 0;
  const detail = `${path}${branches ? `\n\nIts ${branches === 1 ? 'branch stays' : `${branches} branches stay`}.` : ''}`;
  const trash = 'Move to Trash';
  const question = `Delete the run on ${title}?`;
  if ((await vscode.window.showWarningMessage(question, { modal: true, detail }, trash)) !== trash) return;
  timelines.close(path);
  try {
    await remove(path, true);
  } catch {
    const forever = 'Delete Permanently';
    const text = 'The file could not be moved to the trash.';
    if ((await vscode.window.showWarningMessage(text, { modal: true, detail: path }, forever)) !== forever)
      return;
    await remove(path, false);
  }
  catalog.refresh();
}

async function remove(path: string, useTrash: boolean): Promise<void> {
  await vscode.workspace.fs.delete(vscode.Uri.file(path), { useTrash });
  for (const suffix of ['-wal', '-shm']) {
    // What a killed writer left; of no use without the file itself.
    await vscode.workspace.fs
      .delete(vscode.Uri.file(path + suffix), { useTrash: false })
      .then(undefined, () => undefined);
  }
}
