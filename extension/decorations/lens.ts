import * as vscode from 'vscode';
import type { Store } from '../state/store.ts';
import { lensText, nextChange } from './lensText.ts';
import { Throttle } from './throttle.ts';
import type { TrainedDocument } from './trainedDocument.ts';

const INTERVAL_MS = 1000;

/** One line above a trained range: when and how it was trained, and what to do with it. */
export class TrainedLens implements vscode.CodeLensProvider, vscode.Disposable {
  readonly #store: Store;
  readonly #document: TrainedDocument;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #throttle = new Throttle(() => this.#changed.fire(), INTERVAL_MS);
  readonly #subscriptions: vscode.Disposable[];
  #timer?: NodeJS.Timeout;

  readonly onDidChangeCodeLenses = this.#changed.event;

  constructor(store: Store, document: TrainedDocument) {
    this.#store = store;
    this.#document = document;
    this.#subscriptions = [
      this.#changed,
      document.onDidChange(() => this.#throttle.request()),
      store.onDidChange(({ phase }) => {
        if (phase === 'running' && document.trained) this.#throttle.request();
      }),
    ];
  }

  provideCodeLenses(document: vscode.TextDocument): vscode.CodeLens[] {
    clearTimeout(this.#timer);
    const trained = this.#document.of(document);
    const bounds = trained?.spans.bounds();
    if (!trained || !bounds) return [];
    const { run, endedAt } = trained;
    const { phase } = this.#store.snapshot;
    const age = endedAt === undefined ? 0 : (Date.now() - endedAt) / 1000;
    if (endedAt !== undefined) this.#timer = setTimeout(() => this.#throttle.request(), nextChange(age));
    const range = new vscode.Range(document.positionAt(bounds.start), document.positionAt(bounds.end));
    const { tokens, updates, progress, result } = run;
    const last =
      phase === 'running'
        ? { title: 'Stop', command: 'hopescope.stop', tooltip: 'Stop after the update in flight' }
        : { title: 'Clear', command: 'hopescope.clearDecorations', tooltip: 'Show the plain text again' };
    return [
      { title: lensText({ phase, tokens, updates, progress, result, age }), command: '' },
      { title: 'Show Levels', command: 'hopescope.showLevels' },
      last,
    ].map(command => new vscode.CodeLens(range, command));
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#throttle.dispose();
    for (const subscription of this.#subscriptions) subscription.dispose();
  }
}
