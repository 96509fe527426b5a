import * as vscode from 'vscode';
import type { Messenger } from 'vscode-messenger';
import type { WebviewIdMessageParticipant } from 'vscode-messenger-common';
import type { ChartExport, ChartFormat } from '../../engine/protocol/index.ts';
import {
  CompareArchives,
  CompareProgressType,
  InspectSpectrum,
  InspectTensor,
} from '../../engine/protocol/inspectorRequests.ts';
import {
  CHECKPOINT_COMMANDS,
  type CheckpointCommand,
  CheckpointCopy,
  CheckpointExport,
  CheckpointMeasure,
  CheckpointReady,
  CheckpointRun,
  CheckpointSpectrum,
  type CheckpointState,
  CheckpointStateMessage,
  CheckpointTensor,
  COPIES,
} from '../../engine/protocol/tensorMessages.ts';
import { EngineFailure, failureText } from '../engine/engineFailure.ts';
import { randomName } from '../randomName.ts';
import { fillWebview } from '../webviews/fillWebview.ts';
import { inTime } from '../webviews/inTime.ts';
import { copyText } from './copyText.ts';
import type { Inspectors, OpenedArchive } from './inspectors.ts';
import { localPath } from './localCopy.ts';
import { measureRows } from './measureRows.ts';

const EXPORT_MS = 30_000;

export interface CheckpointServices {
  readonly context: vscode.ExtensionContext;
  readonly inspectors: Inspectors;
  readonly log: vscode.LogOutputChannel;
}

/** One checkpoint in an editor: its page, and the reader that answers it. */
export class CheckpointPage implements vscode.Disposable {
  readonly panel: vscode.WebviewPanel;
  readonly uri: vscode.Uri;
  readonly #services: CheckpointServices;
  readonly #commanded = new vscode.EventEmitter<CheckpointCommand>();
  #messenger?: Messenger;
  #receiver?: WebviewIdMessageParticipant;
  #ready = false;
  #disposed = false;
  #state: CheckpointState = { phase: 'loading' };
  #archive?: OpenedArchive;
  #other?: OpenedArchive;
  /** Whether the other one is the base of this one. */
  #base = false;
  /** What is read for each kind of request: a newer one ends the one before. */
  readonly #reading = new Map<string, vscode.CancellationTokenSource>();
  #measurings = 0;

  /** The page asks for a command that is not its own. */
  readonly onDidCommand = this.#commanded.event;

  constructor(panel: vscode.WebviewPanel, uri: vscode.Uri, services: CheckpointServices) {
    this.panel = panel;
    this.uri = uri;
    this.#services = services;
    panel.onDidDispose(() => this.dispose());
  }

  /** What is open; undefined while nothing is. */
  get info(): CheckpointState['info'] {
    return this.#state.info;
  }

  async start(): Promise<void> {
    const { Messenger } = await import('vscode-messenger');
    if (this.#disposed) return;
    const { extension } = this.#services.context;
    const messenger = new Messenger({ ignoreHiddenViews: false });
    this.#messenger = messenger;
    this.#receiver = messenger.registerWebviewPanel(this.panel);
    messenger.onNotification(CheckpointReady, () => {
      this.#ready = true;
      this.#send();
    });
    messenger.onNotification(CheckpointRun, request => this.#command(request?.command));
    messenger.onNotification(CheckpointCopy, ({ name, kind, choice }) => this.#copy(name, kind, choice));
    messenger.onNotification(CheckpointMeasure, request => void this.#measure(request?.names));
    messenger.onRequest(CheckpointTensor, ({ name, choice, whole, down, across }) =>
      this.#read('tensor', token => {
        const { process, id } = this.#opened();
        const params = { id, name, other: this.#other?.id, base: this.#base, choice, whole, down, across };
        return process.request(InspectTensor, params, { token, timeout: 0 });
      }),
    );
    messenger.onRequest(CheckpointSpectrum, ({ name, choice }) =>
      this.#read('spectrum', token => {
        const { process, id } = this.#opened();
        const params = { id, name, other: this.#other?.id, base: this.#base, choice };
        return process.request(InspectSpectrum, params, { token, timeout: 0 });
      }),
    );
    fillWebview(this.panel.webview, extension, { title: 'Tensor', bundle: 'tensor' });
    await this.load();
  }

  /** Opens the file, again after a failure or when levels are named in another way. */
  async load(): Promise<void> {
    const { context, inspectors, log } = this.#services;
    this.#release();
    this.#set({
      phase: 'loading',
      info: undefined,
      failure: undefined,
      comparison: undefined,
      measured: undefined,
    });
    try {
      const archive = await inspectors.open(await localPath(context, this.uri));
      if (this.#disposed) return inspectors.close(archive);
      this.#archive = archive;
      this.#set({ phase: 'ready', info: archive.info });
    } catch (error) {
      log.warn(`Checkpoint: ${failureText(error)}`);
      this.#set({ phase: 'failed', failure: failureText(error) });
    }
  }

  /** Lays another checkpoint, perhaps its base, against this one; undefined takes it away. */
  async compare(uri: vscode.Uri | undefined, base = false): Promise<void> {
    const { context, inspectors, log } = this.#services;
    this.#reading.get('compare')?.cancel();
    if (this.#other) inspectors.close(this.#other);
    this.#other = undefined;
    this.#base = base;
    if (!uri) return this.#set({ comparison: undefined });
    const comparison = { path: uri.fsPath, base, rows: [], done: 0, total: 0 };
    this.#set({ comparison: { ...comparison, phase: 'comparing' } });
    try {
      const path = await localPath(context, uri);
      await this.#read('compare', async token => {
        const { process, id } = this.#opened();
        const other = await inspectors.open(path, token);
        if (token.isCancellationRequested || this.#disposed) return inspectors.close(other);
        // The process that had the first one is gone.
        if (other.process !== process) throw new Error('The checkpoint must be opened again: try again.');
        this.#other = other;
        await this.#compareRows(comparison, process, id, other.id, token);
      });
    } catch (error) {
      if (error instanceof EngineFailure && error.code === 'cancelled') return;
      log.warn(`Checkpoint: ${failureText(error)}`);
      this.#set({ comparison: { ...comparison, phase: 'failed', failure: failureText(error) } });
    }
  }

  /** Asks the page for its charts. @throws Error when it does not answer or answers nonsense */
  async exportChart(format: ChartFormat): Promise<Uint8Array> {
    const asked = this.#messenger!.sendRequest<ChartFormat, ChartExport>(
      { method: CheckpointExport.method },
      this.#receiver!,
      format,
    );
    const answer: unknown = await inTime(asked, EXPORT_MS, 'The checkpoint does not answer.');
    const { text, bytes } = (answer ?? {}) as Partial<ChartExport>;
    if (format === 'png' && bytes instanceof Uint8Array) return bytes;
    if (format !== 'png' && typeof text === 'string') return Buffer.from(text);
    throw new Error(`The checkpoint did not answer with a chart in ${format.toUpperCase()}.`);
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#release();
    this.#commanded.dispose();
  }

  async #compareRows(
    comparison: Omit<NonNullable<CheckpointState['comparison']>, 'phase'>,
    process: OpenedArchive['process'],
    id: number,
    other: number,
    token: vscode.CancellationToken,
  ): Promise<void> {
    const progress = randomName(8);
    let shown = comparison;
    const listening = process.onProgress(CompareProgressType, progress, ({ rows, done, total }) => {
      shown = { ...shown, rows: [...shown.rows, ...rows], done, total };
      this.#set({ comparison: { ...shown, phase: 'comparing' } });
    });
    try {
      const params = { id, other, base: comparison.base, token: progress };
      const { rows, unmatched } = await process.request(CompareArchives, params, { token, timeout: 0 });
      const done = rows.length;
      this.#set({ comparison: { ...comparison, phase: 'ready', rows, unmatched, done, total: done } });
    } finally {
      listening.dispose();
    }
  }

  async #measure(names: unknown): Promise<void> {
    const known = new Set(this.#state.info?.tensors.map(({ name }) => name));
    const asked = Array.isArray(names) ? names.filter((name): name is string => known.has(name)) : [];
    if (asked.length === 0) return;
    const turn = ++this.#measurings;
    const tell = (measured: CheckpointState['measured']) => {
      // A newer one tells for itself.
      if (turn === this.#measurings) this.#set({ measured });
    };
    try {
      await this.#read('measure', token =>
        measureRows(this.#opened(), asked, this.#state.measured?.rows ?? [], tell, token),
      );
    } catch (error) {
      if (error instanceof EngineFailure && error.code === 'cancelled') return;
      this.#services.log.warn(`Checkpoint: ${failureText(error)}`);
      void vscode.window.showErrorMessage(failureText(error));
    }
  }

  #opened(): OpenedArchive {
    if (!this.#archive) throw new Error('The checkpoint is not open.');
    return this.#archive;
  }

  /** The page gets the words that the user is to read. */
  async #read<T>(kind: string, work: (token: vscode.CancellationToken) => Promise<T>): Promise<T> {
    const source = new vscode.CancellationTokenSource();
    this.#reading.get(kind)?.cancel();
    this.#reading.set(kind, source);
    try {
      return await work(source.token);
    } catch (error) {
      if (this.#archive?.process.cause !== undefined) void this.#lost(failureText(error));
      throw error instanceof EngineFailure && error.code === 'cancelled'
        ? error
        : new Error(failureText(error));
    } finally {
      if (this.#reading.get(kind) === source) this.#reading.delete(kind);
      source.dispose();
    }
  }

  async #lost(failure: string): Promise<void> {
    this.#archive = undefined;
    this.#other = undefined;
    this.#set({ phase: 'failed', failure, comparison: undefined });
  }

  #command(command: CheckpointCommand): void {
    if (!CHECKPOINT_COMMANDS.includes(command)) {
      this.#services.log.warn('Checkpoint: the page asked for a command that it has not.');
    } else if (command === 'retry') void this.load();
    else if (command === 'endComparison') void this.compare(undefined);
    else if (command === 'endMeasuring') this.#reading.get('measure')?.cancel();
    else this.#commanded.fire(command);
  }

  #copy(name: unknown, kind: unknown, choice: unknown): void {
    const info = this.#archive?.info;
    const tensor = info?.tensors.find(tensor => tensor.name === name);
    const known = COPIES.find(copy => copy === kind);
    if (!info || !tensor || !known) return;
    const text = copyText(info, tensor, known, checkedChoice(choice, tensor.shape.length));
    void vscode.env.clipboard.writeText(text);
    vscode.window.setStatusBarMessage(`Copied ${text.length > 80 ? `${text.slice(0, 80)}…` : text}`, 3000);
  }

  #release(): void {
    this.#measurings++;
    for (const source of this.#reading.values()) source.cancel();
    for (const archive of [this.#archive, this.#other]) if (archive) this.#services.inspectors.close(archive);
    this.#archive = undefined;
    this.#other = undefined;
  }

  #set(change: Partial<CheckpointState>): void {
    this.#state = { ...this.#state, ...change };
    this.#send();
  }

  #send(): void {
    if (this.#ready && !this.#disposed) {
      this.#messenger?.sendNotification(CheckpointStateMessage, this.#receiver!, this.#state);
    }
  }
}

/** A slice that a page names, where it is one of a tensor of so many axes. */
function checkedChoice(value: unknown, axes: number) {
  const { rowAxis, columnAxis, at } = (value ?? {}) as Record<string, unknown>;
  const isIndex = (item: unknown): item is number => Number.isSafeInteger(item) && (item as number) >= 0;
  if (!isIndex(rowAxis) || !isIndex(columnAxis) || !Array.isArray(at)) return undefined;
  if (at.length !== axes || !at.every(isIndex)) return undefined;
  return { rowAxis, columnAxis, at };
}
