import * as vscode from 'vscode';
import type { ModelInfo } from '../../engine/protocol/index.ts';
import { levelColor } from '../decorations/levelColor.ts';
import { Throttle } from '../decorations/throttle.ts';
import type { EngineApi } from '../engine/engineApi.ts';
import { failureText } from '../engine/engineFailure.ts';
import type { Snapshot, Store } from '../state/store.ts';
import { type CheckpointKind, type CheckpointNode, checkpointTree } from './checkpointNodes.ts';
import { rowDescription, rowSpeech, rowTooltip } from './checkpointText.ts';

const VIEW = 'hopescope.checkpoint';
const RETRY = 'hopescope.checkpoint.retry';
const INTERVAL_MS = 1000;

/** Why the tensors are not shown. */
interface Problem {
  readonly problem: string;
}
type Row = CheckpointNode | Problem;

const ICONS: Readonly<Record<CheckpointKind, string>> = {
  model: 'circuit-board',
  block: 'layers',
  module: 'symbol-module',
  level: 'circle-filled',
  tensor: 'symbol-array',
  memory: 'history',
};

/** The tensors of the loaded model; asked for anew after each training and reset, and only while it is visible. */
export class CheckpointTree implements vscode.TreeDataProvider<Row>, vscode.Disposable {
  readonly #store: Store;
  readonly #engine: EngineApi;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #throttle = new Throttle(() => this.#changed.fire(), INTERVAL_MS);
  readonly #view: vscode.TreeView<Row>;
  readonly #subscriptions: vscode.Disposable[];
  #model?: ModelInfo;
  #rows?: Promise<Row[]>;
  #stale = false;

  readonly onDidChangeTreeData = this.#changed.event;

  constructor(store: Store, engine: EngineApi) {
    this.#store = store;
    this.#engine = engine;
    this.#view = vscode.window.createTreeView<Row>(VIEW, { treeDataProvider: this, showCollapseAll: true });
    this.#subscriptions = [
      this.#changed,
      this.#view,
      this.#view.onDidChangeVisibility(() => this.#refresh()),
      store.onDidChange(snapshot => this.#follow(snapshot)),
      vscode.commands.registerCommand(RETRY, () => {
        this.#stale = true;
        this.#refresh();
      }),
    ];
  }

  getTreeItem(row: Row): vscode.TreeItem {
    return 'problem' in row ? problemItem(row) : nodeItem(row, this.#model?.levels ?? []);
  }

  getChildren(row?: Row): vscode.ProviderResult<Row[]> {
    if (row) return 'problem' in row ? [] : [...row.children];
    this.#rows ??= this.#load();
    return this.#rows;
  }

  dispose(): void {
    this.#throttle.dispose();
    for (const subscription of this.#subscriptions) subscription.dispose();
  }

  async #load(): Promise<Row[]> {
    const { model } = this.#store.snapshot;
    this.#model = model;
    this.#stale = false;
    if (!model) return [];
    try {
      const tensors = await this.#engine.describe();
      return tensors.length > 0 ? [checkpointTree(model, tensors)] : [];
    } catch (error) {
      return [{ problem: failureText(error) }];
    }
  }

  /** A model comes as a new object with every change of its weights, but not while it is trained without a stop. */
  #follow({ model, phase, stepping }: Snapshot): void {
    if (model !== this.#model) this.#stale = true;
    if (phase !== 'running' || stepping) this.#refresh();
  }

  #refresh(): void {
    if (!this.#stale || !this.#view.visible) return;
    this.#rows = undefined;
    this.#throttle.request();
  }
}

function nodeItem(node: CheckpointNode, levels: ModelInfo['levels']): vscode.TreeItem {
  const { Collapsed, Expanded, None } = vscode.TreeItemCollapsibleState;
  const open = node.kind === 'model' ? Expanded : Collapsed;
  const item = new vscode.TreeItem(node.label, node.children.length > 0 ? open : None);
  item.id = node.id;
  item.description = rowDescription(node);
  item.tooltip = new vscode.MarkdownString(rowTooltip(node));
  item.accessibilityInformation = { label: rowSpeech(node) };
  // Grey is what was there; the colour of its level marks what changed.
  const colored = node.level !== undefined && (node.kind === 'level' || node.delta > 0);
  item.iconPath = new vscode.ThemeIcon(
    ICONS[node.kind],
    colored ? new vscode.ThemeColor(levelColor(node.level ?? '', levels)) : undefined,
  );
  return item;
}

function problemItem({ problem }: Problem): vscode.TreeItem {
  const item = new vscode.TreeItem(problem);
  item.iconPath = new vscode.ThemeIcon('warning');
  item.description = 'Try Again';
  item.tooltip = problem;
  item.command = { command: RETRY, title: 'Try Again' };
  item.accessibilityInformation = { label: `${problem} Try again.`, role: 'button' };
  return item;
}
