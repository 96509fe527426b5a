import * as vscode from 'vscode';
import { Throttle } from '../decorations/throttle.ts';
import type { ProbeEntry } from '../state/probes.ts';
import type { Store } from '../state/store.ts';
import {
  type ProbeFigure,
  probeDescription,
  probeFigures,
  probeLabel,
  probeSpeech,
  probeTooltip,
} from './probeRow.ts';

const INTERVAL_MS = 250;

/** A probe, or one of its numbers. */
export type ProbeRow = ProbeEntry | ProbeFigure;

/** The probes of the workspace with their scores. */
export class ProbesTree implements vscode.TreeDataProvider<ProbeRow>, vscode.Disposable {
  readonly #store: Store;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #throttle = new Throttle(() => this.#changed.fire(), INTERVAL_MS);
  readonly #subscription: vscode.Disposable;
  #shown: readonly ProbeEntry[];

  readonly onDidChangeTreeData = this.#changed.event;

  constructor(store: Store) {
    this.#store = store;
    this.#shown = store.snapshot.probes;
    this.#subscription = store.onDidChange(({ probes }) => {
      if (probes === this.#shown) return;
      this.#shown = probes;
      this.#throttle.request();
    });
  }

  getTreeItem(row: ProbeRow): vscode.TreeItem {
    return 'probe' in row ? probeItem(row) : figureItem(row);
  }

  getChildren(row?: ProbeRow): ProbeRow[] {
    if (!row) return [...this.#store.snapshot.probes];
    return 'probe' in row ? probeFigures(row) : [];
  }

  dispose(): void {
    this.#throttle.dispose();
    this.#subscription.dispose();
    this.#changed.dispose();
  }
}

function probeItem(entry: ProbeEntry): vscode.TreeItem {
  const { Collapsed, None } = vscode.TreeItemCollapsibleState;
  const item = new vscode.TreeItem(probeLabel(entry), entry.score ? Collapsed : None);
  item.id = JSON.stringify(entry.probe);
  item.contextValue = entry.pinned ? 'probe.pinned' : 'probe';
  item.description = probeDescription(entry);
  item.tooltip = new vscode.MarkdownString(probeTooltip(entry));
  item.iconPath = new vscode.ThemeIcon(entry.pinned ? 'pinned' : entry.score ? 'target' : 'circle-outline');
  item.accessibilityInformation = { label: probeSpeech(entry) };
  return item;
}

function figureItem({ name, now, past }: ProbeFigure): vscode.TreeItem {
  const item = new vscode.TreeItem(name);
  item.description = past ? `${past} → ${now}` : now;
  item.tooltip = `${name}: ${item.description}`;
  item.accessibilityInformation = {
    label: past ? `${name}, ${past} before the training, now ${now}` : `${name}, ${now}`,
  };
  return item;
}
