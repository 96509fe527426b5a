import { readFile } from 'node:fs/promises';
import { writeAtomically } from '../checkpoint/atomicFile.ts';
import type { ModelInfo, TensorInfo } from '../protocol/model.ts';
import type { Probe, ProbeScore } from '../protocol/probe.ts';
import type { RecoverResult } from '../protocol/requests.ts';
import type { TrainRequest, TrainResult } from '../protocol/training.ts';
import { describeTensors } from './describe.ts';
import { EngineError } from './engineError.ts';
import { decodeFastState, encodeFastState } from './fastStateFile.ts';
import { OpenModel } from './openModel.ts';
import { recoverRun } from './recovery.ts';
import { RunRecorder } from './runRecorder.ts';
import { evaluateText, scoreProbes } from './scoring.ts';
import { type TrainingHooks, trainOnText } from './training.ts';
import { completeOptions } from './trainOptions.ts';

/** One open model and what can be asked of it. At most one training runs at a time; probes may be scored meanwhile. */
export class Session {
  private model: OpenModel | undefined;
  /** What goes on, as a clause: nothing else may begin before it ends. */
  private busy: string | undefined;

  constructor(private readonly versions: { readonly engine: string; readonly backend: string }) {}

  /** Reads a model folder in place of the open one, which stays open when the folder is refused. */
  async load(path: string): Promise<ModelInfo> {
    return this.alone('load a model', 'a model is loaded', async () => {
      const next = await OpenModel.read(path);
      this.model?.dispose();
      this.model = next;
      return next.info;
    });
  }

  async train(request: TrainRequest, hooks: TrainingHooks): Promise<TrainResult> {
    const model = this.opened();
    this.refuseWhileBusy('start a second training');
    if (!/\S/.test(request.text)) {
      throw new EngineError('bad-input', 'The text is empty.', 'Give a text with at least one word.');
    }
    const options = completeOptions(request.options, model.base.config);
    const complete = { ...request, options };
    const { runPath } = request;
    const record = async () =>
      runPath ? RunRecorder.create(model, runPath, complete, this.versions) : undefined;
    return this.alone('start a second training', 'a training runs', () =>
      trainOnText(model, complete, record, hooks),
    );
  }

  async probe(probes: readonly Probe[]): Promise<ProbeScore[]> {
    return scoreProbes(this.opened(), probes);
  }

  async evaluate(text: string, cancelled: () => boolean): Promise<{ loss: number; tokens: number }> {
    const model = this.opened();
    return this.alone('evaluate a text', 'a text is evaluated', () => evaluateText(model, text, cancelled));
  }

  reset(): ModelInfo {
    const model = this.opened();
    this.refuseWhileBusy('reset the memory');
    model.fast.reset();
    return model.info;
  }

  async saveFastState(path: string): Promise<{ bytes: number }> {
    const model = this.opened();
    this.refuseWhileBusy('save the fast state');
    const bytes = await encodeFastState(model.fast, model.modelHash);
    await writeAtomically(path, [bytes]);
    return { bytes: bytes.byteLength };
  }

  async loadFastState(path: string): Promise<ModelInfo> {
    const model = this.opened();
    return this.alone('load a fast state', 'a fast state is loaded', async () => {
      decodeFastState(await readFile(path), model.fast, model.modelHash, path);
      return model.info;
    });
  }

  async describe(): Promise<TensorInfo[]> {
    return describeTensors(this.opened());
  }

  async recover(runPath: string): Promise<RecoverResult> {
    const model = this.opened();
    return this.alone('recover a run', 'a run is recovered', () => recoverRun(model, runPath));
  }

  dispose(): void {
    this.model?.dispose();
    this.model = undefined;
  }

  private opened(): OpenModel {
    if (this.model) return this.model;
    throw new EngineError('no-model', 'No model is loaded.', 'Select a model first.');
  }

  /** Runs `body` with the model to itself; `clause` says meanwhile what goes on. */
  private async alone<T>(action: string, clause: string, body: () => Promise<T>): Promise<T> {
    this.refuseWhileBusy(action);
    this.busy = clause;
    try {
      return await body();
    } finally {
      this.busy = undefined;
    }
  }

  private refuseWhileBusy(action: string): void {
    if (!this.busy) return;
    const message = `The engine cannot ${action} while ${this.busy}.`;
    throw new EngineError('busy', message, 'Wait for it or stop it first.');
  }
}
