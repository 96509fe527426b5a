import * as vscode from 'vscode';
import type { Messenger } from 'vscode-messenger';
import type { WebviewIdMessageParticipant } from 'vscode-messenger-common';
import {
  type ChartExport,
  type ChartFormat,
  encodeFrame,
  LEVELS_COMMANDS,
  type LevelsCommand,
  type LevelsReset,
  type Update,
} from '../../engine/protocol/index.ts';
import {
  LevelsExport,
  LevelsFrame,
  LevelsReady,
  LevelsResetMessage,
  LevelsRun,
  LevelsStateMessage,
} from '../../engine/protocol/messages.ts';
import type { RunHistory } from '../state/runHistory.ts';
import type { Snapshot, Store } from '../state/store.ts';
import { fillWebview } from '../webviews/fillWebview.ts';
import { inTime } from '../webviews/inTime.ts';
import { FrameCoalescer } from './frameCoalescer.ts';
import { toLevelsState } from './levelsState.ts';

const FRAME_MS = 1000 / 30;
/** Tokens whose updates a page gets at once when it appears. */
const BACKLOG_TOKENS = 20_000;
const MOST_WAITING = 20_000;
const PATIENCE_MS = 10_000;

/** One resolved webview. */
interface Page {
  readonly view: vscode.WebviewView;
  readonly messenger: Messenger;
  readonly receiver: WebviewIdMessageParticipant;
  ready: boolean;
}

/** The Levels view: its page owns nothing, is filled when it appears and hears nothing while it is hidden. */
export class LevelsViewProvider implements vscode.WebviewViewProvider, vscode.Disposable {
  static readonly id = 'hopescope.levels';
  readonly #extension: vscode.Extension<unknown>;
  readonly #store: Store;
  readonly #log: vscode.LogOutputChannel;
  readonly #onShown: () => void;
  readonly #frames: FrameCoalescer<Update>;
  readonly #listeners: vscode.Disposable;
  readonly #readied = new vscode.EventEmitter<Page>();
  #page?: Page;
  #run?: RunHistory;

  /** @param onShown called whenever the view becomes visible */
  constructor(
    extension: vscode.Extension<unknown>,
    store: Store,
    log: vscode.LogOutputChannel,
    onShown: () => void,
  ) {
    this.#extension = extension;
    this.#store = store;
    this.#log = log;
    this.#onShown = onShown;
    this.#frames = new FrameCoalescer(
      { send: updates => this.#sendFrame(updates), overflow: () => this.#reset() },
      FRAME_MS,
      MOST_WAITING,
    );
    this.#listeners = vscode.Disposable.from(
      store.onDidChange(snapshot => this.#changed(snapshot)),
      store.onDidAppend(({ run, updates }) => {
        if (this.#live && run === this.#run) this.#frames.push(updates);
      }),
    );
  }

  async resolveWebviewView(view: vscode.WebviewView): Promise<void> {
    const { Messenger } = await import('vscode-messenger');
    const messenger = new Messenger({ ignoreHiddenViews: true });
    const receiver = messenger.registerWebviewView(view);
    const page: Page = { view, messenger, receiver, ready: false };
    this.#page = page;
    messenger.onNotification(LevelsReady, () => {
      page.ready = true;
      this.#reset();
      this.#readied.fire(page);
    });
    messenger.onNotification(LevelsRun, command => this.#execute(command));
    view.onDidChangeVisibility(() => this.#visibilityChanged(page));
    view.onDidDispose(() => {
      if (this.#page !== page) return;
      this.#page = undefined;
      this.#frames.reset();
    });
    fillWebview(view.webview, this.#extension, { title: 'Levels', bundle: 'levels' });
    this.#onShown();
  }

  /** Shows the view and asks it for its chart. @throws Error when the page does not answer or answers nonsense */
  async exportChart(format: ChartFormat): Promise<ChartExport> {
    await vscode.commands.executeCommand(`${LevelsViewProvider.id}.focus`);
    const page = this.#page?.ready ? this.#page : await answered(nextOf(this.#readied.event));
    const answer: unknown = await answered(page.messenger.sendRequest(LevelsExport, page.receiver, format));
    const { text, bytes } = (answer ?? {}) as Partial<ChartExport>;
    if (format === 'png' ? !(bytes instanceof Uint8Array) : typeof text !== 'string') {
      throw new Error(`The Levels view did not answer with a chart in ${format.toUpperCase()}.`);
    }
    return { format, text, bytes };
  }

  dispose(): void {
    this.#listeners.dispose();
    this.#readied.dispose();
    this.#frames.reset();
  }

  get #live(): boolean {
    return this.#page?.ready === true && this.#page.view.visible;
  }

  #visibilityChanged(page: Page): void {
    this.#frames.reset();
    if (page.view.visible) {
      // A page that was thrown away asks for this itself once it runs again.
      if (page.ready) this.#reset();
      this.#onShown();
    } else page.ready = false;
  }

  #changed(snapshot: Snapshot): void {
    if (!this.#live) return;
    if (snapshot.run !== this.#run) this.#reset();
    else this.#notify(LevelsStateMessage, toLevelsState(snapshot));
  }

  /** State and newest updates anew. What waits is in the backlog already. */
  #reset(): void {
    this.#frames.reset();
    const { snapshot } = this.#store;
    this.#run = snapshot.run;
    const backlog = snapshot.run && snapshot.run.updates > 0 ? snapshot.run.frame(BACKLOG_TOKENS) : undefined;
    const reset: LevelsReset = { state: toLevelsState(snapshot), backlog };
    this.#notify(LevelsResetMessage, reset);
  }

  async #sendFrame(updates: readonly Update[]): Promise<void> {
    if (!this.#page || !this.#run) return;
    const { id, blocks, levels } = this.#run;
    const { messenger, receiver } = this.#page;
    try {
      const frame = encodeFrame(id, blocks, levels.length, updates);
      await messenger.sendRequest(LevelsFrame, receiver, frame);
    } catch (error) {
      // A page that was hidden meanwhile gets everything with its backlog.
      if (!this.#live) return;
      this.#log.warn(`Levels view: ${error instanceof Error ? error.message : JSON.stringify(error)}`);
    }
  }

  #notify<P>(type: { method: string; _?: P }, params: P): void {
    if (this.#page?.ready) this.#page.messenger.sendNotification(type, this.#page.receiver, params);
  }

  #execute(command: unknown): void {
    if (!LEVELS_COMMANDS.includes(command as LevelsCommand)) {
      this.#log.warn('Levels view: it asked for a command that it has not.');
      return;
    }
    void vscode.commands.executeCommand(`hopescope.${command as LevelsCommand}`);
  }
}

function nextOf<T>(event: vscode.Event<T>): Promise<T> {
  return new Promise(resolve => {
    const listener = event(value => {
      listener.dispose();
      resolve(value);
    });
  });
}

/** What the page answers, unless it takes too long. */
function answered<T>(promise: Promise<T>): Promise<T> {
  return inTime(promise, PATIENCE_MS, 'The Levels view does not answer.');
}
