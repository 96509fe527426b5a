import {
  type Disposable,
  Emitter,
  type Event,
  type ProgressType,
  type RequestType,
} from 'vscode-jsonrpc/node';
import type {
  AbsorptionReport,
  AbsorptionRequest,
  BackendVerdict,
  Frame,
  ModelInfo,
  Probe,
  ProbeScore,
  RunInfo,
  TensorInfo,
  TokenSpans,
  TrainProgress,
  TrainRequest,
  TrainResult,
} from '../../engine/protocol/index.ts';
import {
  AddLevels,
  type AddLevelsParams,
  Cancel,
  Describe,
  type EngineErrorData,
  FrameSeen,
  type InitializeResult,
  LoadFastState,
  LoadModel,
  MeasureBackends,
  type MeasureParams,
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
  CloseStepper,
  OpenStepper,
  ReadUpdates,
  SeekRun,
  StepTo,
} from '../../engine/protocol/runRequests.ts';
import type { EngineReturn, TrainListener } from './engineEvents.ts';
import { EngineFailure } from './engineFailure.ts';
import { type EngineLog, guarded } from './engineLog.ts';
import type { EngineProcess, RequestOptions } from './engineProcess.ts';
import { EngineSupervisor } from './engineSupervisor.ts';
import { ENGINE_TIMES, type EngineTimes } from './engineTimes.ts';
import type { EngineCommand } from './handshake.ts';
import { MemoryOfEngine, type Restored } from './memoryOfEngine.ts';

type Token = RequestOptions['token'];

/** Refusals that come before the first update, so that no run file holds the memory. */
const REFUSED: ReadonlySet<string> = new Set(['busy', 'bad-input', 'no-model', 'not-initialized', 'version']);

/**
 * The engine as the extension uses it. Knows nothing of VS Code. Requests start it when none runs, and reject with an
 * `EngineFailure`; nothing else throws.
 */
export class EngineClient implements Disposable {
  readonly #supervisor: EngineSupervisor;
  readonly #log: EngineLog;
  readonly #times: EngineTimes;
  readonly #memory = new MemoryOfEngine();
  readonly #modelChanged = new Emitter<ModelInfo | undefined>();
  /** Kept after the result, for updates that come late, until the next training. */
  #listener?: { readonly runId: string; readonly to: TrainListener };

  readonly onDidStart: Event<InitializeResult>;
  /** The process ended without being asked to; the value is the cause. */
  readonly onDidStop: Event<string>;
  readonly onDidReturn: Event<EngineReturn>;
  readonly onDidChangeModel: Event<ModelInfo | undefined> = this.#modelChanged.event;

  /** @param command read at every start, so that a changed setting counts from the next one on. */
  constructor(command: () => EngineCommand, log: EngineLog, times = ENGINE_TIMES) {
    this.#log = log;
    this.#times = times;
    this.#supervisor = new EngineSupervisor(command, this.#memory, log, times, {
      attend: engine => this.#attend(engine),
      modelChanged: () => this.#modelChanged.fire(this.#memory.model),
    });
    this.onDidStart = this.#supervisor.onDidStart;
    this.onDidStop = this.#supervisor.onDidStop;
    this.onDidReturn = this.#supervisor.onDidReturn;
  }

  get running(): boolean {
    return this.#supervisor.running;
  }

  get model(): ModelInfo | undefined {
    return this.#memory.model;
  }

  /** Folder of the loaded model as it was asked for. */
  get modelPath(): string | undefined {
    return this.#memory.modelPath;
  }

  async start(): Promise<void> {
    await this.#supervisor.engine();
  }

  /** Loads a model; a failure leaves the one before in place. */
  async loadModel(path: string, token?: Token): Promise<ModelInfo> {
    const engine = await this.#supervisor.engine();
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
    const engine = await this.#supervisor.engine();
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

  /** Opens a training that goes only when told to. @param tokens called with every token's place before it resolves */
  async openStepper(request: TrainRequest, tokens: (spans: TokenSpans) => void): Promise<RunInfo> {
    const engine = await this.#supervisor.engine();
    const { runId, runPath } = request;
    this.#listener = { runId, to: { tokens, frame: () => {}, progress: () => {} } };
    this.#memory.training(runPath);
    try {
      return await engine.request(OpenStepper, request);
    } catch (error) {
      if (error instanceof EngineFailure && error.code !== 'stopped') this.#memory.refused(runPath);
      throw error;
    }
  }

  /** Moves the cursor of a stepped training. */
  async stepTo(
    runId: string,
    updates: number,
  ): Promise<{ updates: number; position: number; ended: boolean; frame: Frame }> {
    const engine = await this.#supervisor.engine();
    const answer = await engine.request(StepTo, { runId, updates }, { timeout: 0 });
    this.#memory.stepped(answer.updates);
    return answer;
  }

  /** Ends a stepped training where its cursor is. @param updates that the memory then holds of it */
  async closeStepper(runId: string, updates: number): Promise<RunInfo> {
    const info = await (await this.#supervisor.engine()).request(CloseStepper, { runId });
    this.#memory.trained(updates);
    this.#modelChanged.fire(this.#memory.model);
    return info;
  }

  /** Recorded updates `first` to `first + count − 1` of a run file. */
  async readUpdates(path: string, first: number, count: number): Promise<Frame> {
    return this.request(ReadUpdates, { path, first, count });
  }

  async scoreProbes(probes: readonly Probe[], token?: Token): Promise<ProbeScore[]> {
    return (await this.#supervisor.engine()).request(ScoreProbes, { probes }, { token });
  }

  /** Asks what needs no bookkeeping here, such as reading a run. */
  async request<P, R>(
    type: RequestType<P, R, EngineErrorData>,
    params: P,
    options: RequestOptions = {},
  ): Promise<R> {
    return (await this.#supervisor.engine()).request(type, params, options);
  }

  /** Makes a recorded state the live one; a cancelled or refused request leaves the state as it was. */
  async seekRun(
    path: string,
    updates: number,
    token?: Token,
  ): Promise<{ recomputed: number; seconds: number }> {
    const result = await this.request(SeekRun, { path, updates }, { token, timeout: 0 });
    this.#memory.movedTo({ path, updates });
    this.#weightsChanged();
    return result;
  }

  /** Trains a branch of a recorded run to its end. */
  async branch(
    params: BranchRequest,
    progress: (progress: TrainProgress) => void,
    token?: Token,
  ): Promise<RunInfo> {
    const { runId, runPath } = params;
    const reports = { type: Progress, token: runId, progress };
    this.#memory.training(runPath);
    let info: RunInfo;
    try {
      info = await this.#tracked(Branch, params, reports, token);
    } catch (error) {
      if (error instanceof EngineFailure && error.code !== 'stopped') this.#memory.refused(runPath);
      throw error;
    }
    this.#weightsChanged();
    return info;
  }

  /** Looks into a run, which changes nothing. */
  async absorb(
    params: AbsorptionRequest,
    progress: (progress: { done: number; total: number }) => void,
    token?: Token,
  ): Promise<AbsorptionReport> {
    return this.#tracked(Absorb, params, { type: AbsorbProgress, token: params.token, progress }, token);
  }

  async resetMemory(token?: Token): Promise<ModelInfo> {
    const model = await (await this.#supervisor.engine()).ask(ResetMemory, { token });
    this.#memory.reset(model);
    this.#modelChanged.fire(model);
    return model;
  }

  /** @returns bytes written */
  async saveFastState(path: string, token?: Token): Promise<number> {
    return (await (await this.#supervisor.engine()).request(SaveFastState, { path }, { token })).bytes;
  }

  /** Puts a saved fast state into the memory. @throws EngineFailure for one of another base; the memory stays */
  async loadFastState(path: string, token?: Token): Promise<ModelInfo> {
    const model = await (await this.#supervisor.engine()).request(LoadFastState, { path }, { token });
    this.#memory.stateLoaded(path, model);
    this.#modelChanged.fire(model);
    return model;
  }

  async addLevels(params: AddLevelsParams, token?: Token): Promise<void> {
    await this.request(AddLevels, params, { token, timeout: 0 });
  }

  async describe(token?: Token): Promise<TensorInfo[]> {
    return (await this.#supervisor.engine()).ask(Describe, { token });
  }

  /** Times every backend on the loaded model; answers with what is known unless `again`. */
  async measureBackends(params: MeasureParams, token?: Token): Promise<BackendVerdict> {
    const engine = await this.#supervisor.engine();
    return engine.request(MeasureBackends, params, { token, timeout: 0 });
  }

  /** Backends that ended their engine are opened again, from the next start on. */
  forgiveBackends(): void {
    this.#supervisor.forgiveBackends();
  }

  /** Ends the engine, if one runs, and starts another with the same model and memory. */
  async restart(): Promise<Restored> {
    await this.#supervisor.restart();
    return this.#memory.restored;
  }

  /** Asks the engine to leave and kills it after two seconds; resolves when it is gone. */
  async stop(): Promise<void> {
    await this.#supervisor.stop();
  }

  dispose(): void {
    this.#supervisor.dispose();
    this.#modelChanged.dispose();
  }

  #attend(engine: EngineProcess): void {
    engine.onNotification(Tokens, spans => this.#listening(spans.runId)?.tokens(spans));
    engine.onNotification(UpdateFrame, frame => {
      guarded(this.#log, 'updates', (f: Frame) => this.#listening(f.runId)?.frame(f))(frame);
      engine.notify(FrameSeen, { runId: frame.runId, next: frame.first + frame.count });
    });
  }

  /** A request that takes as long as it takes and reports its progress under a token. */
  async #tracked<P, R, V>(
    type: RequestType<P, R, EngineErrorData>,
    params: P,
    reports: { type: ProgressType<V>; token: string; progress: (value: V) => void },
    token?: Token,
  ): Promise<R> {
    const engine = await this.#supervisor.engine();
    const listener = engine.onProgress(reports.type, reports.token, reports.progress);
    try {
      return await engine.request(type, params, { token, timeout: 0 });
    } finally {
      listener.dispose();
    }
  }

  /** A new object tells everyone that the weights of the loaded model are others. */
  #weightsChanged(): void {
    this.#modelChanged.fire(this.#memory.model && { ...this.#memory.model });
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
