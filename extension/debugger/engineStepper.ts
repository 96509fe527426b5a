import {
  decodeFrame,
  type Frame,
  type LevelInfo,
  type Probe,
  type ProbeScore,
  type RunInfo,
  type TensorInfo,
  type TokenSpans,
  type TrainRequest,
  type Update,
} from '../../engine/protocol/index.ts';
import type { TrainedText } from '../state/trainedText.ts';
import type { SteppedRun, Stepper } from './stepper.ts';
import { TokenPlaces } from './tokenPlaces.ts';
import { UpdateCache } from './updateCache.ts';

/** What a stepper asks of an engine. */
export interface SteppingEngine {
  openStepper(request: TrainRequest, tokens: (spans: TokenSpans) => void): Promise<RunInfo>;
  stepTo(runId: string, updates: number): Promise<{ updates: number; ended: boolean; frame: Frame }>;
  closeStepper(runId: string, updates: number): Promise<RunInfo>;
  readUpdates(path: string, first: number, count: number): Promise<Frame>;
  describe(): Promise<readonly TensorInfo[]>;
  scoreProbes(probes: readonly Probe[]): Promise<readonly ProbeScore[]>;
}

/** What is trained on, and who watches. */
export interface StepperStart {
  readonly request: TrainRequest & { readonly runPath: string };
  readonly source: SteppedRun['source'];
  readonly text: TrainedText;
  /** The whole document at the version that was read. */
  readonly document: string;
  readonly model: { readonly blocks: number; readonly tick: number; readonly levels: readonly LevelInfo[] };
  readonly watcher: StepperWatcher;
}

/** Told of everything that happens, in its order. */
export interface StepperWatcher {
  tokens(spans: TokenSpans): void;
  /** The cursor moved; the debugger goes on when the promise resolves. */
  moved(stepper: Stepper): Promise<void>;
  closed(stepper: Stepper): void;
  outdated(): boolean;
}

/** A stepped training in the engine, its numbers read from the run file where they are not at hand. */
export class EngineStepper implements Stepper {
  readonly places: TokenPlaces;
  readonly #engine: SteppingEngine;
  readonly #watcher: StepperWatcher;
  readonly #cache: UpdateCache;
  readonly #failed: ((cause: string) => void)[] = [];
  readonly #placed: (() => void)[] = [];
  #run: SteppedRun;
  #cursor = 0;
  #recorded = 0;
  #ended = false;
  #closing?: Promise<void>;
  #failure?: string;

  private constructor(engine: SteppingEngine, start: StepperStart) {
    const { request, source, text, document, model, watcher } = start;
    const { runId, title, options, probes, runPath } = request;
    const levels = model.levels.filter(({ id }) => id !== 'outer');
    this.#run = { id: runId, title, source, blocks: model.blocks, levels, options, probes };
    this.places = new TokenPlaces(text, document, model.tick, options.epochs);
    this.#engine = engine;
    this.#watcher = watcher;
    this.#cache = new UpdateCache(async (first, count) =>
      decodeFrame(await engine.readUpdates(runPath, first, count)),
    );
  }

  /** Begins the run file; nothing is trained yet. @throws EngineFailure */
  static async open(engine: SteppingEngine, start: StepperStart): Promise<EngineStepper> {
    const stepper = new EngineStepper(engine, start);
    const info = await engine.openStepper(start.request, spans => stepper.#take(spans));
    // The engine completes the rates, and so knows which levels are frozen.
    stepper.#run = { ...stepper.#run, options: info.options };
    return stepper;
  }

  get run(): SteppedRun {
    return this.#run;
  }

  get cursor(): number {
    return this.#cursor;
  }

  get recorded(): number {
    return this.#recorded;
  }

  get ended(): boolean {
    return this.#ended;
  }

  async moveTo(updates: number): Promise<void> {
    if (updates === this.#cursor) return;
    const answer = await this.#engine.stepTo(this.run.id, updates);
    const seen = decodeFrame(answer.frame);
    this.#cursor = answer.updates;
    this.#recorded = Math.max(this.#recorded, answer.updates);
    this.#ended = answer.ended;
    this.#cache.put(seen);
    await this.#watcher.moved(this);
  }

  updates(first: number, count: number): Promise<readonly Update[]> {
    return this.#cache.get(first, Math.min(count, this.#recorded - first), this.#recorded);
  }

  describe(): Promise<readonly TensorInfo[]> {
    return this.#engine.describe();
  }

  scoreProbes(probes: readonly Probe[]): Promise<readonly ProbeScore[]> {
    return this.#engine.scoreProbes(probes);
  }

  outdated(): boolean {
    return this.#watcher.outdated();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** Says that the engine ended: nothing is asked of it any more. */
  fail(cause: string): void {
    if (this.#failure !== undefined || this.#closing) return;
    this.#failure = cause;
    for (const listener of this.#failed) listener(cause);
  }

  onDidFail(listener: (cause: string) => void): void {
    this.#failed.push(listener);
  }

  onDidPlaceTokens(listener: () => void): void {
    this.#placed.push(listener);
  }

  #take(spans: TokenSpans): void {
    this.places.add(spans);
    this.#watcher.tokens(spans);
    for (const listener of this.#placed) listener();
  }

  async #close(): Promise<void> {
    try {
      if (this.#failure === undefined) await this.#engine.closeStepper(this.run.id, this.#cursor);
    } finally {
      this.#watcher.closed(this);
    }
  }
}
