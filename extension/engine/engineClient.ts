import { type Disposable, Emitter, type Event, type RequestType } from 'vscode-jsonrpc/node';
import type {
  AbsorptionReport,
  AbsorptionRequest,
  Frame,
  ModelInfo,
  Probe,
  ProbeScore,
  RunInfo,
  TensorInfo,
  TrainProgress,
  TrainRequest,
  TrainResult,
} from '../../engine/protocol/index.ts';
import {
  Cancel,
  Describe,
  type EngineErrorData,
  FrameSeen,
  type InitializeResult,
  LoadModel,
  Progress,
  ResetMemory,
  SaveFastState,
  ScoreProbes,
  Tokens,
  Train,
  UpdateFrame,
} from '../../engine/protocol/requests.ts';
import {
  Absorb,
  AbsorbProgress,
  Branch,
  type BranchRequest,
  SeekRun,
} from '../../engine/protocol/runRequests.ts';
import type { EngineReturn, TrainListener } from './engineEvents.ts';
import { EngineFailure, failureText } from './engineFailure.ts';
import { type EngineLog, guarded } from './engineLog.ts';
import { EngineProcess, type RequestOptions } from './engineProcess.ts';
import { ENGINE_TIMES, type EngineTimes } from './engineTimes.ts';
import type { EngineCommand } from './handshake.ts';
import { MemoryOfEngine, type Restored } from './memoryOfEngine.ts';
import { RestartPolicy } from './restartPolicy.ts';

type Token = RequestOptions['token'];

/** Refusals that come before the first update, so that no run file holds the memory. */
const REFUSED: ReadonlySet<string> = new Set(['busy', 'bad-input', 'no-model', 'not-initialized', 'version']);

/**
 * The engine as the extension uses it: started at the first request, and after a crash started again with its
 * model and memory put back. Knows nothing of VS Code. Requests reject with an `EngineFailure`, nothing else throws.
 */
export class EngineClient implements Disposable {
  readonly #command: () => EngineCommand;
  readonly #log: EngineLog;
  readonly #times: EngineTimes;
  readonly #policy = new RestartPolicy();
  readonly #memory = new MemoryOfEngine();
  readonly #started = new Emitter<InitializeResult>();
  readonly #stopped = new Emitter<string>();
  readonly #returned = new Emitter<EngineReturn>();
  readonly #modelChanged = new Emitter<ModelInfo | undefined>();
  #process?: EngineProcess;
  /** Kept after the result, for updates that come late, until the next training. */
  #listener?: { readonly runId: string; readonly to: TrainListener };
  #starting?: Promise<EngineProcess>;
  #disposed = false;

  readonly onDidStart: Event<InitializeResult> = this.#started.event;
  /** The process ended without being asked to; the value is the cause. */
  readonly onDidStop: Event<string> = this.#stopped.event;
  readonly onDidReturn: Event<EngineReturn> = this.#returned.event;
  readonly onDidChangeModel: Event<ModelInfo | undefined> = this.#modelChanged.event;

  /** @param command read at every start, so that a changed setting counts from the next one on. */
  constructor(command: () => EngineCommand, log: EngineLog, times = ENGINE_TIMES) {
    this.#command = command;
    this.#log = log;
    this.#times = times;
  }

  get running(): boolean {
    return this.#process !== undefined;
  }

  get model(): ModelInfo | undefined {
    return this.#memory.model;
  }

  /** Folder of the loaded model as it was asked for. */
  get modelPath(): string | undefined {
    return this.#memory.modelPath;
  }

  async start(): Promise<void> {
    await this.#engine();
  }

  /** Loads a model; a failure leaves the one before in place. */
  async loadModel(path: string, token?: Token): Promise<ModelInfo> {
    const engine = await this.#engine();
    const model = await engine.request(LoadModel, { path }, { token });
    this.#memory.loaded(path, model);
    this.#modelChanged.fire(model);
    return model;
  }

  /** Trains; a cancelled token stops it after the tick in flight and the result says so. */
  async train(
    request: TrainRequest,
    listener: TrainListener,
    token: NonNullable<Token>,
  ): Promise<TrainResult> {
    const engine = await this.#engine();
    if (token.isCancellationRequested) throw new EngineFailure('cancelled', 'Cancelled.');
    const { runId } = request;
    this.#listener = { runId, to: listener };
    this.#memory.training(request.runPath);
    const progress = engine.onProgress(Progress, runId, value => listener.progress(value));
    const cancel = token.onCancellationRequested(() => void this.#cancel(engine, runId));
    try {
      const result = await engine.request(Train, request, { timeout: 0 });
      this.#memory.trained(result.updates);
      this.#modelChanged.fire(this.#memory.model);
      return result;
    } catch (error) {
      if (error instanceof EngineFailure && REFUSED.has(error.code)) this.#memory.refused(request.runPath);
      throw error;
    } finally {
      progress.dispose();
      cancel.dispose();
    }
  }

  async scoreProbes(probes: readonly Probe[], token?: Token): Promise<ProbeScore[]> {
    return (await this.#engine()).request(ScoreProbes, { probes }, { token });
  }

  /** Asks what needs no bookkeeping here, such as reading a run. */
  async request<P, R>(
    type: RequestType<P, R, EngineErrorData>,
    params: P,
    options: RequestOptions = {},
  ): Promise<R> {
    return (await this.#engine()).request(type, params, options);
  }

  /** Makes a recorded state the live one; a cancelled or refused request leaves the state as it was. */
  async seekRun(
    path: string,
    updates: number,
    token?: Token,
  ): Promise<{ recomputed: number; seconds: number }> {
    const engine = await this.#engine();
    const result = await engine.request(SeekRun, { path, updates }, { token, timeout: 0 });
    // A new object tells everyone that the weights are others.
    this.#modelChanged.fire(this.#memory.model && { ...this.#memory.model });
    return result;
  }

  /** Trains a branch of a recorded run to its end. */
  async branch(
    params: BranchRequest,
    progress: (progress: TrainProgress) => void,
    token?: Token,
  ): Promise<RunInfo> {
    const engine = await this.#engine();
    const listener = engine.onProgress(Progress, params.runId, progress);
    try {
      const info = await engine.request(Branch, params, { token, timeout: 0 });
      this.#modelChanged.fire(this.#memory.model && { ...this.#memory.model });
      return info;
    } finally {
      listener.dispose();
    }
  }

  /** Looks into a run, which changes nothing. */
  async absorb(
    params: AbsorptionRequest,
    progress: (progress: { done: number; total: number }) => void,
    token?: Token,
  ): Promise<AbsorptionReport> {
    const engine = await this.#engine();
    const listener = engine.onProgress(AbsorbProgress, params.token, progress);
    try {
      return await engine.request(Absorb, params, { token, timeout: 0 });
    } finally {
      listener.dispose();
    }
  }

  async resetMemory(token?: Token): Promise<ModelInfo> {
    const model = await (await this.#engine()).ask(ResetMemory, { token });
    this.#memory.reset(model);
    this.#modelChanged.fire(model);
    return model;
  }

  /** @returns bytes written */
  async saveFastState(path: string, token?: Token): Promise<number> {
    return (await (await this.#engine()).request(SaveFastState, { path }, { token })).bytes;
  }

  async describe(token?: Token): Promise<TensorInfo[]> {
    return (await this.#engine()).ask(Describe, { token });
  }

  /** Ends the engine, if one runs, and starts another with the same model and memory. */
  async restart(): Promise<Restored> {
    const engine = this.#process ?? (await this.#starting?.catch(() => undefined));
    this.#process = undefined;
    await engine?.stop('restarted');
    this.#starting = undefined;
    await this.#engine();
    return this.#memory.restored;
  }

  /** Asks the engine to leave and kills it after two seconds; resolves when it is gone. */
  async stop(): Promise<void> {
    this.#disposed = true;
    const engine = this.#process ?? (await this.#starting?.catch(() => undefined));
    this.#process = undefined;
    await engine?.stop();
  }

  dispose(): void {
    void this.stop();
    for (const emitter of [this.#started, this.#stopped, this.#returned, this.#modelChanged])
      emitter.dispose();
  }

  #engine(): Promise<EngineProcess> {
    if (this.#process) return Promise.resolve(this.#process);
    this.#starting ??= this.#settle(this.#launch());
    return this.#starting;
  }

  #settle(starting: Promise<EngineProcess>): Promise<EngineProcess> {
    const settled = starting.finally(() => {
      if (this.#starting === settled) this.#starting = undefined;
    });
    settled.catch(() => undefined);
    return settled;
  }

  async #launch(): Promise<EngineProcess> {
    const engine = await EngineProcess.launch(this.#command(), this.#log, this.#times);
    if (this.#disposed) {
      await engine.stop();
      throw new EngineFailure('stopped', 'The extension is shutting down.');
    }
    this.#log.info(
      `Engine ${engine.info.engineVersion}, backend ${engine.info.backend}, pid ${engine.info.pid}`,
    );
    engine.onNotification(Tokens, spans => this.#listening(spans.runId)?.tokens(spans));
    engine.onNotification(UpdateFrame, frame => {
      guarded(this.#log, 'updates', (f: Frame) => this.#listening(f.runId)?.frame(f))(frame);
      engine.notify(FrameSeen, { runId: frame.runId, next: frame.first + frame.count });
    });
    this.#started.fire(engine.info);
    const before = this.#memory.model;
    await this.#memory.restore(engine, this.#log);
    if (before !== this.#memory.model) this.#modelChanged.fire(this.#memory.model);
    this.#process = engine;
    void engine.ended.then(cause => this.#ended(engine, cause));
    return engine;
  }

  #ended(engine: EngineProcess, cause: string): void {
    if (engine !== this.#process) return;
    this.#process = undefined;
    this.#log.error(`The engine stopped: ${cause}`);
    this.#starting = this.#settle(this.#revive(cause));
    this.#starting.catch(error => {
      if (!this.#disposed) this.#returned.fire({ cause, problem: failureText(error) });
    });
    this.#stopped.fire(cause);
  }

  async #revive(cause: string): Promise<EngineProcess> {
    let problem = `The engine stopped (${cause}).`;
    for (;;) {
      const delay = this.#policy.next(Date.now());
      if (delay === undefined || this.#disposed) break;
      await new Promise(resolve => setTimeout(resolve, delay));
      try {
        const engine = await this.#launch();
        this.#returned.fire({ cause, restored: this.#memory.restored });
        return engine;
      } catch (error) {
        problem = failureText(error);
        this.#log.error(`Restart: ${problem}`);
      }
    }
    throw new EngineFailure('stopped', problem);
  }

  async #cancel(engine: EngineProcess, runId: string): Promise<void> {
    try {
      await engine.request(Cancel, { runId }, { timeout: 5 * this.#times.grace });
    } catch (error) {
      const { code } = error as EngineFailure;
      if (code === 'timeout') engine.kill('it did not stop when asked to');
      else if (code !== 'stopped') this.#log.warn(`Stop: ${(error as Error).message}`);
    }
  }

  #listening(runId: string): TrainListener | undefined {
    return this.#listener?.runId === runId ? this.#listener.to : undefined;
  }
}
