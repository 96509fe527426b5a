import * as vscode from 'vscode';
import type { RequestType } from 'vscode-jsonrpc/node';
import type {
  AbsorptionReport,
  AbsorptionRequest,
  ModelInfo,
  Probe,
  ProbeScore,
  RunInfo,
  TensorInfo,
  TrainProgress,
  TrainRequest,
  TrainResult,
} from '../../engine/protocol/index.ts';
import type { EngineErrorData } from '../../engine/protocol/requests.ts';
import type { BranchRequest } from '../../engine/protocol/runRequests.ts';
import { engineCommand } from '../settings/configuration.ts';
import { configuredModel } from '../settings/modelSetting.ts';
import type { Store } from '../state/store.ts';
import type { EngineApi } from './engineApi.ts';
import type { EngineClient } from './engineClient.ts';
import type { EngineReturn, TrainListener } from './engineEvents.ts';
import { EngineFailure, failureText } from './engineFailure.ts';
import type { Restored } from './memoryOfEngine.ts';

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
  async request<P, R>(
    type: RequestType<P, R, EngineErrorData>,
    params: P,
    token?: vscode.CancellationToken,
  ): Promise<R> {
    return (await this.#started()).request(type, params, { token });
  }

  /** As {@link request}, with the configured model loaded; as long as it takes. */
  async compute<P, R>(
    type: RequestType<P, R, EngineErrorData>,
    params: P,
    token?: vscode.CancellationToken,
  ): Promise<R> {
    await this.model(token);
    return (await this.#started()).request(type, params, { token, timeout: 0 });
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

  async resetMemory(): Promise<ModelInfo> {
    return (await this.#started()).resetMemory();
  }

  async saveFastState(path: string, token?: vscode.CancellationToken): Promise<number> {
    return (await this.#started()).saveFastState(path, token);
  }

  async describe(token?: vscode.CancellationToken): Promise<readonly TensorInfo[]> {
    if (!this.#store.snapshot.model) return [];
    return (await this.#started()).describe(token);
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
    const client = new EngineClient(() => engineCommand(this.#context), this.#log);
    client.onDidStart(({ backend, refused }) => {
      for (const reason of refused) this.#log.info(reason);
      this.#store.update({ backend: { name: backend, refused } });
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
      this.#store.update({ phase: 'idle', run: undefined, failure: undefined });
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

  #modelChanged(model: ModelInfo | undefined): void {
    this.#store.update(model ? { model } : { model, phase: 'no-model', run: undefined });
  }
}
