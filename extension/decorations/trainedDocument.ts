import * as vscode from 'vscode';
import type { RunHistory } from '../state/runHistory.ts';
import type { Snapshot, Store } from '../state/store.ts';
import { EditLog } from './editLog.ts';
import { TokenSpans } from './tokenSpans.ts';

/** A run and its tokens in the open document it was read from. */
export interface Trained {
  readonly run: RunHistory;
  readonly document: vscode.TextDocument;
  readonly spans: TokenSpans;
  /** When the training ended, milliseconds since 1970; undefined while it runs. */
  readonly endedAt?: number;
}

/** Keeps the current run together with its document: through edits, until it is cleared or the document closes. */
export class TrainedDocument implements vscode.Disposable {
  readonly #store: Store;
  readonly #log = new EditLog();
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #subscriptions: vscode.Disposable[];
  /** A refused training puts the run before it back: it is then as it was. */
  readonly #ended = new WeakMap<RunHistory, number>();
  readonly #cleared = new WeakSet<RunHistory>();
  #seen?: RunHistory;
  #trained?: Trained;

  /** Another run, its end, an edit, or nothing to show any more. */
  readonly onDidChange = this.#changed.event;

  constructor(store: Store) {
    this.#store = store;
    this.#subscriptions = [
      this.#changed,
      store.onDidChange(snapshot => this.#follow(snapshot)),
      vscode.workspace.onDidChangeTextDocument(event => this.#edited(event)),
      vscode.workspace.onDidCloseTextDocument(document => this.#closed(document)),
    ];
  }

  get trained(): Trained | undefined {
    return this.#trained;
  }

  /** What is shown of a document; undefined for every other document. */
  of(document: vscode.TextDocument): Trained | undefined {
    return this.#trained?.document === document ? this.#trained : undefined;
  }

  get phase(): Snapshot['phase'] {
    return this.#store.snapshot.phase;
  }

  /** Shows nothing of the current run any more; the next one is shown again. */
  clear(): void {
    if (this.#trained) this.#cleared.add(this.#trained.run);
    this.#set(undefined);
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
  }

  #follow({ run, phase }: Snapshot): void {
    if (run !== this.#seen) {
      this.#seen = run;
      this.#set(run && this.#adopt(run));
    }
    const trained = this.#trained;
    if (!trained || phase === 'running' || trained.endedAt !== undefined) return;
    this.#ended.set(trained.run, Date.now());
    this.#set({ ...trained, endedAt: Date.now() });
  }

  #adopt(run: RunHistory): Trained | undefined {
    if (this.#cleared.has(run)) return undefined;
    const document = vscode.workspace.textDocuments.find(({ uri }) => uri.toString() === run.documentUri);
    const edits = this.#log.since(run.documentUri, run.documentVersion);
    // Closed since it was read, or edited more than is remembered: there is no telling where the tokens lie.
    if (!document || !edits || document.version < run.documentVersion) return undefined;
    const spans = new TokenSpans(run);
    spans.edit(edits);
    return { run, document, spans, endedAt: this.#ended.get(run) };
  }

  #edited({ document, contentChanges }: vscode.TextDocumentChangeEvent): void {
    if (contentChanges.length === 0) return;
    const edits = contentChanges.map(({ rangeOffset, rangeLength, text }) => ({
      offset: rangeOffset,
      removed: rangeLength,
      inserted: text.length,
    }));
    this.#log.record(document.uri.toString(), document.version, edits);
    const trained = this.of(document);
    if (!trained) return;
    trained.spans.edit(edits);
    this.#changed.fire();
  }

  #closed(document: vscode.TextDocument): void {
    // Another language for a document is told as closing and opening it.
    setTimeout(() => {
      if (!document.isClosed) return;
      this.#log.forget(document.uri.toString());
      if (this.of(document)) this.clear();
    }, 0);
  }

  #set(trained: Trained | undefined): void {
    if (this.#trained === trained) return;
    this.#trained = trained;
    this.#changed.fire();
  }
}
