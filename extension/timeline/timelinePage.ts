import * as vscode from 'vscode';
import type { Messenger } from 'vscode-messenger';
import type { WebviewIdMessageParticipant } from 'vscode-messenger-common';
import {
  type AbsorptionReport,
  type ChartExport,
  type ChartFormat,
  type Probe,
  type ReportPicture,
  type RunInfo,
  TIMELINE_COMMANDS,
  type TimelineRequest,
  type TimelineState,
  type TimelineStep,
} from '../../engine/protocol/index.ts';
import {
  TimelineExport,
  TimelineGoTo,
  TimelinePlace,
  TimelineReady,
  TimelineReport,
  TimelineRun,
  TimelineStateMessage,
  TimelineStepMessage,
} from '../../engine/protocol/timelineMessages.ts';
import { totalOf } from '../../report/extent.ts';
import { failureText } from '../engine/engineFailure.ts';
import { runUri } from '../runs/runsFolder.ts';
import { fillWebview } from '../webviews/fillWebview.ts';
import { inTime } from '../webviews/inTime.ts';
import { describeShown } from './shownRun.ts';
import { answerReads, type Computing } from './timelineReads.ts';
import type { TimelineServices } from './timelineServices.ts';

const LIVE_MS = 100;
const POLL_MS = 1000;
/** Looks at a run that someone else writes before it counts as interrupted. */
const MOST_STILL = 30;
const PATIENCE_MS = 30_000;

export type Absorption = { readonly fact: Probe; readonly report: AbsorptionReport };

/** One Timeline in the editor area: a page and the run that it shows. */
export class TimelinePage implements vscode.Disposable {
  readonly panel: vscode.WebviewPanel;
  readonly #services: TimelineServices;
  readonly #titled: boolean;
  readonly #listeners: vscode.Disposable[] = [];
  readonly #readied = Promise.withResolvers<void>();
  readonly #commanded = new vscode.EventEmitter<TimelineRequest>();
  #messenger?: Messenger;
  #receiver?: WebviewIdMessageParticipant;
  #ready = false;
  #computing?: Computing;
  #path: string | undefined;
  #other: string | undefined;
  #state: TimelineState = { phase: 'loading', total: 0, live: false };
  #place: Omit<TimelineRequest, 'command' | 'path'> = { updates: 0 };
  #timer?: NodeJS.Timeout;
  #still = 0;
  #disposed = false;

  /** The page asks for a command. */
  readonly onDidCommand = this.#commanded.event;

  /**
   * @param path the run; undefined shows an empty view that takes the next run
   * @param titled whether the panel is to be called as the run
   */
  constructor(
    panel: vscode.WebviewPanel,
    services: TimelineServices,
    path: string | undefined,
    titled: boolean,
  ) {
    this.panel = panel;
    this.#titled = titled;
    this.#services = services;
    this.#path = path;
    const { store } = services;
    this.#listeners.push(
      this.#commanded,
      store.onDidChange(() => this.#followStore()),
      store.onDidAppend(() => this.#grew()),
    );
    panel.onDidDispose(() => this.dispose());
  }

  get path(): string | undefined {
    return this.#path;
  }
  get run(): RunInfo | undefined {
    return this.#state.run;
  }
  /** Where the playhead stands and what is selected. */
  get place(): Omit<TimelineRequest, 'command' | 'path'> {
    return this.#place;
  }
  get live(): boolean {
    const { phase, run } = this.#services.store.snapshot;
    return phase === 'running' && !!run && runUri(this.#services.context, run.id).fsPath === this.#path;
  }

  /** Fills the page. */
  async start(): Promise<void> {
    const { Messenger } = await import('vscode-messenger');
    if (this.#disposed) return;
    const { extension } = this.#services.context;
    const messenger = new Messenger({ ignoreHiddenViews: false });
    this.#messenger = messenger;
    this.#receiver = messenger.registerWebviewPanel(this.panel);
    messenger.onNotification(TimelineReady, () => {
      this.#ready = true;
      this.#send();
      this.#readied.resolve();
    });
    messenger.onNotification(TimelinePlace, place => {
      this.#place = checkedPlace(place);
    });
    messenger.onNotification(TimelineRun, request => this.#command(request));
    this.#computing = answerReads(
      messenger,
      this.#services.engine,
      which => (which === 1 ? this.#other : this.#path),
      () => this.run?.probes ?? [],
    );
    fillWebview(this.panel.webview, extension, { title: 'Timeline', bundle: 'timeline' });
    await this.refresh();
  }

  /** Shows another run. */
  async show(path: string): Promise<void> {
    this.#path = path;
    this.#other = undefined;
    this.#set({
      phase: 'loading',
      run: undefined,
      other: undefined,
      absorption: undefined,
      restored: undefined,
    });
    await this.refresh();
  }

  /** Lays a second run under this one; undefined takes it away. */
  async compare(path: string | undefined): Promise<void> {
    this.#other = path;
    const { engine } = this.#services;
    this.#set({ other: path === undefined ? undefined : await describeShown(engine, path) });
  }

  /** Reads anew what the run says of itself. */
  async refresh(): Promise<void> {
    const { engine, catalog, log } = this.#services;
    const path = this.#path;
    if (path === undefined) {
      const recent = (await catalog.list(5)).flatMap(({ info }) => (info ? [info] : []));
      this.#set({
        phase: 'empty',
        recent: recent.map(({ path, title, updates }) => ({ path, title, updates })),
      });
      return;
    }
    try {
      const run = await describeShown(engine, path);
      if (path !== this.#path) return;
      // An editor of a file is called as the file.
      if (this.#titled) this.panel.title = `Timeline: ${run.title}`;
      const { snapshot } = this.#services.store;
      const total = this.live ? Math.max(totalOf(run), snapshot.run?.progress.total ?? 0) : totalOf(run);
      const failure =
        run.status === 'failed'
          ? {
              headline: 'Training failed',
              detail: `Updates 1 to ${run.updates} are in the run and can be stepped through.`,
            }
          : undefined;
      this.#set({ phase: 'ready', run, total, live: this.live, failure });
      this.#poll(run);
    } catch (error) {
      if (path !== this.#path || this.#disposed) return;
      log.warn(`Timeline: ${failureText(error)}`);
      const failure = { headline: 'The run cannot be shown.', detail: failureText(error) };
      this.#set({ phase: 'failed', failure, run: undefined });
    }
  }

  step(step: TimelineStep): void {
    this.#notify(TimelineStepMessage, step);
  }

  async goTo(updates: number): Promise<void> {
    await this.#readied.promise;
    this.#notify(TimelineGoTo, { updates });
  }

  restored(updates: number | undefined): void {
    if (updates !== this.#state.restored) this.#set({ restored: updates });
  }

  seeking(updates: number | undefined): void {
    this.#set({ seeking: updates === undefined ? undefined : { updates } });
  }

  /** Ends what the engine computes for the page's panel, so that it has time for what the user asks for. */
  async quiet(): Promise<void> {
    await this.#computing?.stop();
  }

  absorbed(absorption: Absorption): void {
    this.#set({ absorption });
  }

  /** Asks the page for its charts. @throws Error when it does not answer or answers nonsense */
  async exportChart(format: ChartFormat): Promise<ChartExport> {
    const answer: unknown = await this.#ask(TimelineExport, format);
    const { text, bytes } = (answer ?? {}) as Partial<ChartExport>;
    if (format === 'png' ? !(bytes instanceof Uint8Array) : typeof text !== 'string') {
      throw new Error(`The Timeline did not answer with a chart in ${format.toUpperCase()}.`);
    }
    return { format, text, bytes };
  }

  async report(): Promise<ReportPicture[]> {
    const answer: unknown = await this.#ask(TimelineReport, undefined);
    if (!Array.isArray(answer)) throw new Error('The Timeline did not answer with its charts.');
    return answer.filter(
      (p: Partial<ReportPicture>): p is ReportPicture =>
        [p?.title, p?.text, p?.svg].every(text => typeof text === 'string') && /^[\w-]+$/.test(p?.name ?? ''),
    );
  }

  dispose(): void {
    this.#disposed = true;
    clearTimeout(this.#timer);
    for (const listener of this.#listeners.splice(0)) listener.dispose();
  }

  /** A run that another window or a branch writes is looked at once a second, until it stands still. */
  #poll(run: RunInfo): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (run.status !== 'running' || this.live || this.#still > MOST_STILL || this.#disposed) return;
    this.#timer = setTimeout(async () => {
      this.#timer = undefined;
      const before = this.#state.run?.updates;
      if (this.panel.visible) await this.refresh();
      this.#still = this.#state.run?.updates === before ? this.#still + 1 : 0;
    }, POLL_MS);
  }

  /** New updates of the training of this window: told to the page at most ten times a second. */
  #grew(): void {
    if (!this.live || this.#timer !== undefined) return;
    // Asked for before the file was begun.
    if (this.#state.phase === 'failed') void this.refresh();
    if (this.#state.phase !== 'ready') return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      const { run } = this.#services.store.snapshot;
      const known = this.#state.run;
      const newest = run?.kept().at(-1);
      if (!run || !known || !newest || run.id !== known.id) return;
      const grown = {
        updates: run.updates,
        positions: Math.max(known.positions, newest.position + newest.surprise.length),
        tokens: Math.max(known.tokens, run.tokens),
      };
      const total = Math.max(run.progress.total, grown.positions);
      this.#set({ run: { ...known, ...grown, status: 'running' }, total, live: this.live });
    }, LIVE_MS);
  }

  #followStore(): void {
    const { phase, run } = this.#services.store.snapshot;
    if (phase === 'running' && run && this.#path === undefined) {
      // The file is there when the first update is; an empty view waits for that.
      if (run.updates > 0) void this.show(runUri(this.#services.context, run.id).fsPath);
      return;
    }
    if (this.#state.live !== this.live) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
      void this.refresh();
    }
  }

  #command(request: TimelineRequest): void {
    if (!TIMELINE_COMMANDS.includes(request?.command)) {
      this.#services.log.warn('Timeline: it asked for a command that it has not.');
      return;
    }
    this.#place = checkedPlace(request);
    const path = this.#state.recent?.find(recent => recent.path === request.path)?.path;
    this.#commanded.fire({ ...this.#place, command: request.command, path });
  }

  #set(change: Partial<TimelineState>): void {
    this.#state = { ...this.#state, ...change };
    this.#send();
  }

  #send(): void {
    this.#notify(TimelineStateMessage, this.#state);
  }

  #notify<P>(type: { method: string; _?: P }, params: P): void {
    if (this.#ready && !this.#disposed) this.#messenger?.sendNotification(type, this.#receiver!, params);
  }

  async #ask<P, R>(type: { method: string; _?: [P, R] }, params: P): Promise<R> {
    await answered(this.#readied.promise);
    return answered(this.#messenger!.sendRequest<P, R>({ method: type.method }, this.#receiver!, params));
  }
}

/** What a page says is checked before it is used. */
function checkedPlace(place: unknown): Omit<TimelineRequest, 'command' | 'path'> {
  const { updates, level, block } = (place ?? {}) as Partial<TimelineRequest>;
  return {
    updates: Number.isSafeInteger(updates) && updates! >= 0 ? updates! : 0,
    level: typeof level === 'string' ? level : undefined,
    block: Number.isSafeInteger(block) && block! >= 0 ? block : undefined,
  };
}

/** What the page answers, unless it takes too long. */
function answered<T>(promise: Promise<T>): Promise<T> {
  return inTime(promise, PATIENCE_MS, 'The Timeline does not answer.');
}
