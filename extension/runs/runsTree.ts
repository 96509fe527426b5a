import * as vscode from 'vscode';
import type { RunState } from '../../report/runWords.ts';
import { Throttle } from '../decorations/throttle.ts';
import type { Store } from '../state/store.ts';
import { grouped } from '../training/figures.ts';
import type { RunCatalog } from './runCatalog.ts';
import { type RunNode, runNodes } from './runNodes.ts';
import { runDescription, runSpeech, runTooltip } from './runText.ts';

const VIEW = 'hopescope.runs';
const INTERVAL_MS = 1000;

const ICONS: Readonly<Record<RunState, string>> = {
  live: 'sync~spin',
  running: 'debug-disconnect',
  finished: 'pass',
  cancelled: 'circle-slash',
  failed: 'error',
};

/** Runs of the workspace with their branches and bookmarks, listed anew while the view is visible. */
export class RunsTree implements vscode.TreeDataProvider<RunNode>, vscode.Disposable {
  readonly #store: Store;
  readonly #catalog: RunCatalog;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #throttle = new Throttle(() => this.#changed.fire(), INTERVAL_MS);
  readonly #subscriptions: vscode.Disposable[];
  readonly view: vscode.TreeView<RunNode>;
  #phase: string;

  readonly onDidChangeTreeData = this.#changed.event;

  constructor(store: Store, catalog: RunCatalog) {
    this.#store = store;
    this.#catalog = catalog;
    this.#phase = store.snapshot.phase;
    this.view = vscode.window.createTreeView<RunNode>(VIEW, {
      treeDataProvider: this,
      showCollapseAll: true,
    });
    this.#subscriptions = [
      this.#changed,
      this.view,
      this.view.onDidChangeVisibility(({ visible }) => visible && this.#throttle.request()),
      catalog.onDidChange(() => this.#throttle.request()),
      store.onDidChange(({ phase }) => {
        // Progress comes a few times a second; the tree follows it while someone looks.
        if (phase !== this.#phase || (phase === 'running' && this.view.visible)) this.#throttle.request();
        this.#phase = phase;
      }),
    ];
  }

  async getChildren(node?: RunNode): Promise<RunNode[]> {
    if (node) return node.kind === 'run' ? [...node.children] : [];
    return runNodes(await this.#catalog.list());
  }

  getTreeItem(node: RunNode): vscode.TreeItem {
    switch (node.kind) {
      case 'run':
        return this.#runItem(node);
      case 'bookmark':
        return bookmarkItem(node);
      case 'problem':
        return problemItem(node);
    }
  }

  dispose(): void {
    this.#throttle.dispose();
    for (const subscription of this.#subscriptions) subscription.dispose();
  }

  #runItem({ info, children }: Extract<RunNode, { kind: 'run' }>): vscode.TreeItem {
    const { phase, run } = this.#store.snapshot;
    const state: RunState = phase === 'running' && run?.id === info.id ? 'live' : info.status;
    const { Expanded, None } = vscode.TreeItemCollapsibleState;
    const item = new vscode.TreeItem(info.title, children.length > 0 ? Expanded : None);
    item.id = `run ${info.path}`;
    item.description = runDescription(info, state);
    item.tooltip = new vscode.MarkdownString(runTooltip(info, state));
    item.accessibilityInformation = { label: runSpeech(info, state) };
    item.iconPath = new vscode.ThemeIcon(info.parent && state === 'finished' ? 'git-branch' : ICONS[state]);
    item.contextValue = state === 'live' ? 'run.live' : 'run';
    item.command = {
      command: 'hopescope.runs.open',
      title: 'Show Timeline',
      arguments: [{ kind: 'run', info, children }],
    };
    return item;
  }
}

function bookmarkItem(node: Extract<RunNode, { kind: 'bookmark' }>): vscode.TreeItem {
  const { bookmark, info } = node;
  const name = `Update ${grouped(bookmark.updates)}`;
  const item = new vscode.TreeItem(name);
  item.id = `bookmark ${info.path} ${bookmark.updates}`;
  item.description = bookmark.note;
  item.tooltip = bookmark.note || name;
  item.iconPath = new vscode.ThemeIcon('bookmark');
  item.contextValue = 'bookmark';
  item.accessibilityInformation = {
    label: `Bookmark after update ${bookmark.updates}${bookmark.note ? `, ${bookmark.note}` : ''}.`,
  };
  item.command = { command: 'hopescope.runs.open', title: 'Show Timeline', arguments: [node] };
  return item;
}

function problemItem({ path, problem }: Extract<RunNode, { kind: 'problem' }>): vscode.TreeItem {
  const item = new vscode.TreeItem(vscode.Uri.file(path));
  item.id = `problem ${path}`;
  item.description = problem;
  item.tooltip = problem;
  item.iconPath = new vscode.ThemeIcon('warning');
  item.contextValue = 'run.problem';
  item.accessibilityInformation = { label: `${path} cannot be read. ${problem}` };
  return item;
}
