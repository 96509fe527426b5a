import * as vscode from 'vscode';
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
import { timingText } from '../../engine/protocol/index.ts';
import type { AddLevelsParams } from '../../engine/protocol/requests.ts';
import type { BranchRequest } from '../../engine/protocol/runRequests.ts';
import { engineCommand, nativeFolder } from '../settings/configuration.ts';
import { configuredModel } from '../settings/modelSetting.ts';
import type { Snapshot, Store } from '../state/store.ts';
import type { EngineApi } from './engineApi.ts';
import type { EngineClient } from './engineClient.ts';
import type { EngineReturn, TrainListener } from './engineEvents.ts';
import { EngineFailure, failureText } from './engineFailure.ts';
import type { EngineCommand } from './handshake.ts';
import type { Restored } from './memoryOfEngine.ts';
import { type ParamsOf, type ResultOf, type RunRequestName, runRequest } from './runRequest.ts';

/** The engine with VS Code's settings, keeping the store's model, backend and phase true. */
export class EngineHost implements EngineApi, vscode.Disposable {
  readonly #context: vscode.ExtensionContext;
  readonly #store: Store;
  readonly #log: vscode.LogOutputChannel;
  readonly #stopped = new vscode.EventEmitter<string>();
  readonly #returned = new vscode.EventEmitter<EngineReturn>();
  #client?: Promise<EngineClient>;
  #loading?: { readonly path: string; readonly model: Promise<ModelInfo> };

  /** The engine ended by itself and is being started again; the value is the cause. */
  readonly onDidStop = this.#stopped.event;
  /** It is back, or cannot be brought back. */
  readonly onDidReturn = this.#returned.event;

  constructor(context: vscode.ExtensionContext, store: Store, log: vscode.LogOutputChannel) {
    this.#context = context;
    this.#store = store;
    this.#log = log;
  }

  async model(token?: vscode.CancellationToken): Promise<ModelInfo> {
    return this.load(configuredModel(this.#context), token);
  }

  /** Loads the model of a folder unless it is loaded; a failure leaves the one before in place. */
  async load(path: string, token?: vscode.CancellationToken): Promise<ModelInfo> {
    const client = await this.#started();
    if (client.model && client.modelPath === path) {
      await client.start();
      // A restart may have lost the model.
      if (client.model) return client.model;
    }
    if (this.#loading?.path !== path) {
      const model = this.#load(client, path, token);
      this.#loading = { path, model };
      const forget = () => {
        if (this.#loading?.model === model) this.#loading = undefined;
      };
      model.then(forget, forget);
    }
    return this.#loading.model;
  }

  /** Starts the engine and loads the model ahead of the first command; what goes wrong is shown in the views. */
  warmUp(): void {
    if (this.#store.snapshot.phase !== 'no-model') return;
    this.model().catch(error => this.#log.warn(`Start: ${failureText(error)}`));
  }

  async train(
    request: TrainRequest,
    listener: TrainListener,
    token: vscode.CancellationToken,
  ): Promise<TrainResult> {
    return (await this.#started()).train(request, listener, token);
  }

  async scoreProbes(probes: readonly Probe[], token?: vscode.CancellationToken): Promise<ProbeScore[]> {
    await this.model(token);
    return (await this.#started()).scoreProbes(probes, token);
  }

  /** Asks about recorded runs; the engine is started, no model is loaded. */
  async request<K extends RunRequestName>(
    name: K,
    params: ParamsOf<K>,
    token?: vscode.CancellationToken,
  ): Promise<ResultOf<K>> {
    const client = await this.#started();
    return client.request(await runRequest(name), params, { token });
  }

  /** As {@link request}, with the configured model loaded; as long as it takes. */
  async compute<K extends RunRequestName>(
    name: K,
    params: ParamsOf<K>,
    token?: vscode.CancellationToken,
  ): Promise<ResultOf<K>> {
    await this.model(token);
    const client = await this.#started();
    return client.request(await runRequest(name), params, { token, timeout: 0 });
  }

  async seekRun(path: string, updates: number, token?: vscode.CancellationToken) {
    await this.model(token);
    return (await this.#started()).seekRun(path, updates, token);
  }

  async branch(
    params: BranchRequest,
    progress: (progress: TrainProgress) => void,
    token?: vscode.CancellationToken,
  ): Promise<RunInfo> {
    await this.model(token);
    return (await this.#started()).branch(params, progress, token);
  }

  /** Which level's change a fact's gain is owed to, with the configured model loaded; as long as it takes. */
  async absorb(
    params: AbsorptionRequest,
    progress: (progress: { done: number; total: number }) => void,
    token?: vscode.CancellationToken,
  ): Promise<AbsorptionReport> {
    await this.model(token);
    return (await this.#started()).absorb(params, progress, token);
  }

  async openStepper(request: TrainRequest, tokens: (spans: TokenSpans) => void): Promise<RunInfo> {
    return (await this.#started()).openStepper(request, tokens);
  }

  async stepTo(runId: string, updates: number): ReturnType<EngineClient['stepTo']> {
    return (await this.#started()).stepTo(runId, updates);
  }

  async closeStepper(runId: string, updates: number): Promise<RunInfo> {
    return (await this.#started()).closeStepper(runId, updates);
  }

  async readUpdates(path: string, first: number, count: number): Promise<Frame> {
    return (await this.#started()).readUpdates(path, first, count);
  }

  async resetMemory(): Promise<ModelInfo> {
    return (await this.#started()).resetMemory();
  }

  async saveFastState(path: string, token?: vscode.CancellationToken): Promise<number> {
    return (await this.#started()).saveFastState(path, token);
  }

  /** Puts a saved fast state into the memory of the configured model. */
  async loadFastState(path: string, token?: vscode.CancellationToken): Promise<ModelInfo> {
    await this.model(token);
    return (await this.#started()).loadFastState(path, token);
  }

  /** Stacks memory levels on a pre-trained model, in a new model folder; as long as it takes. */
  async addLevels(params: AddLevelsParams, token?: vscode.CancellationToken): Promise<void> {
    return (await this.#started()).addLevels(params, token);
  }

  async describe(token?: vscode.CancellationToken): Promise<readonly TensorInfo[]> {
    if (!this.#store.snapshot.model) return [];
    return (await this.#started()).describe(token);
  }

  /**
   * Times every backend on the loaded model, or answers with what is known of it unless `again`. It stops when a
   * training begins. @throws EngineFailure `busy` then, or while one runs
   */
  async measureBackends(again: boolean, token?: vscode.CancellationToken): Promise<BackendVerdict> {
    const client = await this.#started();
    const { modelPath } = client;
    const verdict = await client.measureBackends({ again, nativeFolder: nativeFolder(this.#context) }, token);
    const { backend } = this.#store.snapshot;
    if (backend && client.modelPath === modelPath) {
      this.#log.info(`Backends: ${verdict.timings.map(timingText).join('; ')}`);
      this.#store.update({ backend: { ...backend, timings: verdict.timings } });
    }
    return verdict;
  }

  /** Backends that ended the engine are tried again at its next start. */
  async forgiveBackends(): Promise<void> {
    (await this.#client)?.forgiveBackends();
  }

  /** Starts the engine anew, with its model and memory put back. */
  async restart(): Promise<Restored> {
    return (await this.#started()).restart();
  }

  /** Resolves when the engine process is gone. */
  async stop(): Promise<void> {
    await (await this.#client)?.stop();
  }

  dispose(): void {
    void this.stop();
    this.#stopped.dispose();
    this.#returned.dispose();
  }

  #started(): Promise<EngineClient> {
    this.#client ??= this.#connect();
    return this.#client;
  }

  async #connect(): Promise<EngineClient> {
    // Loaded at the first need: activation must stay short.
    const { EngineClient } = await import('./engineClient.ts');
    const client: EngineClient = new EngineClient(() => this.#command(client.modelPath), this.#log);
    client.onDidStart(({ label, refused, verdict }) => {
      for (const reason of refused) this.#log.info(reason);
      this.#store.update({ backend: { name: label, refused, timings: verdict?.timings } });
    });
    client.onDidStop(cause => {
      this.#store.update({ backend: undefined });
      this.#stopped.fire(cause);
    });
    client.onDidChangeModel(model => this.#modelChanged(model));
    client.onDidReturn(end => this.#returned.fire(end));
    return client;
  }

  async #load(client: EngineClient, path: string, token?: vscode.CancellationToken): Promise<ModelInfo> {
    const { phase, model, run, failure } = this.#store.snapshot;
    this.#store.update({ phase: 'loading' });
    try {
      const loaded = await client.loadModel(path, token);
      this.#store.update({
        phase: 'idle',
        run: undefined,
        failure: undefined,
        ...this.#untimed(model, loaded),
      });
      return loaded;
    } catch (error) {
      if (model || (error instanceof EngineFailure && error.code === 'cancelled')) {
        this.#store.update({ phase, run, failure });
      } else {
        const headline = 'The model could not be loaded';
        this.#store.update({ phase: 'failed', failure: { headline, detail: failureText(error) } });
      }
      throw error;
    }
  }

  #command(modelPath: string | undefined): EngineCommand {
    const command = engineCommand(this.#context);
    return { ...command, model: modelPath ?? command.model };
  }

  /** The backend without the times of another model. */
  #untimed(before: ModelInfo | undefined, loaded: ModelInfo): Pick<Snapshot, 'backend'> | undefined {
    const { backend } = this.#store.snapshot;
    if (!backend || !before || before.path === loaded.path) return undefined;
    return { backend: { ...backend, timings: undefined } };
  }

  #modelChanged(model: ModelInfo | undefined): void {
    this.#store.update(model ? { model } : { model, phase: 'no-model', run: undefined });
  }
}
