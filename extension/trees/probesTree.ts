import * as vscode from 'vscode';
import { Throttle } from '../decorations/throttle.ts';
import type { ProbeEntry } from '../state/probes.ts';
import type { Store } from '../state/store.ts';
import { probeDescription, probeLabel, probeSpeech, probeTooltip } from './probeRow.ts';

const INTERVAL_MS = 250;

/** The probes of the workspace with their scores. */
export class ProbesTree implements vscode.TreeDataProvider<ProbeEntry>, vscode.Disposable {
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

  getTreeItem(entry: ProbeEntry): vscode.TreeItem {
    const item = new vscode.TreeItem(probeLabel(entry));
    item.id = JSON.stringify(entry.probe);
    item.contextValue = 'probe';
    item.description = probeDescription(entry);
    item.tooltip = new vscode.MarkdownString(probeTooltip(entry));
    item.iconPath = new vscode.ThemeIcon(entry.score ? 'target' : 'circle-outline');
    item.accessibilityInformation = { label: probeSpeech(entry) };
    return item;
  }

  getChildren(entry?: ProbeEntry): ProbeEntry[] {
    return entry ? [] : [...this.#store.snapshot.probes];
  }

  dispose(): void {
    this.#throttle.dispose();
    this.#subscription.dispose();
    this.#changed.dispose();
  }
}
