import { readFile } from 'node:fs/promises';
import { writeAtomically } from '../checkpoint/atomicFile.ts';
import type { StateSnapshot } from '../model/stateSnapshot.ts';
import type { ModelInfo, TensorInfo } from '../protocol/model.ts';
import type { Probe, ProbeScore } from '../protocol/probe.ts';
import type { RecoverResult } from '../protocol/requests.ts';
import type { RunInfo } from '../protocol/runInfo.ts';
import type { TokenSpans, TrainRequest, TrainResult } from '../protocol/training.ts';
import { annotateRun, lackOfStates } from '../run/index.ts';
import { type BranchHooks, type BranchRequest, trainBranch } from './branch.ts';
import { continueRun } from './continuation.ts';
import { describeTensors } from './describe.ts';
import { EngineError } from './engineError.ts';
import { decodeFastState, encodeChangedState } from './fastStateFile.ts';
import { InspectedRun } from './inspectedRun.ts';
import { OpenModel } from './openModel.ts';
import { recoverRun } from './recovery.ts';
import { checkBookmark, describeRun, positionAfter, withRun } from './runReading.ts';
import { type RecordingSetup, RunRecorder } from './runRecorder.ts';
import { RunStates } from './runStates.ts';
import { evaluateText, scoreProbes } from './scoring.ts';
import { Stepper, type StepResult } from './stepper.ts';
import { type TrainingHooks, trainOnText } from './training.ts';
import { completeRequest } from './trainOptions.ts';

/** One open model and what can be asked of it. At most one training runs at a time; probes may be scored meanwhile. */
export class Session {
  private model: OpenModel | undefined;
  private states: RunStates | undefined;
  private stepper: Stepper | undefined;
  /** What goes on, as a clause: nothing else may begin before it ends. */
  private busy: string | undefined;

  constructor(private readonly setup: RecordingSetup) {}

  /** Reads a model folder in place of the open one, which stays open when the folder is refused. */
  async load(path: string): Promise<ModelInfo> {
    return this.alone('load a model', 'a model is loaded', async () => {
      const next = await OpenModel.read(path);
      this.dispose();
      this.model = next;
      this.states = new RunStates(next, this.setup.backend);
      return next.info;
    });
  }

  /** Folder of the open model, for measuring backends on it. @throws EngineError while a training runs */
  get measurable(): string {
    const { path } = this.opened();
    this.refuseWhileBusy('measure the backends');
    return path;
  }

  async train(request: TrainRequest, hooks: TrainingHooks): Promise<TrainResult> {
    const model = this.opened();
    this.refuseWhileBusy('start a second training');
    const complete = completeRequest(request, model.base.config);
    const { runPath, continues } = request;
    return this.alone('start a second training', 'a training runs', async () => {
      const from =
        continues === undefined ? undefined : await continueRun(model, this.states!, complete, continues);
      const record = async () =>
        runPath ? RunRecorder.create(model, runPath, complete, this.setup, from?.origin) : undefined;
      return trainOnText(model, complete, record, hooks, from);
    });
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
    this.refuse('save the fast state', this.busy);
    const bytes = await encodeChangedState(model.fast, model.modelHash);
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
    return this.alone('recover a run', 'a run is recovered', () => recoverRun(model, this.states!, runPath));
  }

  /** What a run file says of itself, and whether its states can be restored now. */
  describeRun(path: string): Promise<RunInfo> {
    return withRun(path, reader => {
      const unavailable = this.states
        ? this.states.unavailable(reader)
        : (lackOfStates(reader.header) ??
          `Its states need the model “${reader.header.modelName}” that it was made with; none is loaded.`);
      return describeRun(reader, unavailable);
    });
  }

  /** Sets, changes or removes a bookmark. */
  async annotate(path: string, updates: number, note: string | undefined): Promise<RunInfo> {
    await withRun(path, reader => checkBookmark(reader, updates, note));
    annotateRun(path, updates, note);
    return this.describeRun(path);
  }

  /** Makes the fast state that of a recorded moment, open chunks included. When refused or cancelled it stays as it is. */
  async seek(
    path: string,
    updates: number,
    cancelled: () => boolean,
  ): Promise<{ updates: number; position: number; recomputed: number; seconds: number }> {
    const model = this.opened();
    return this.alone('go to another update', 'another update is sought', () =>
      withRun(path, async reader => {
        const begun = performance.now();
        this.states!.refuseUnavailable(reader);
        const { snapshot, recomputed } = await this.states!.at(reader, updates, cancelled);
        snapshot.restore(model.fast);
        snapshot.dispose();
        const seconds = (performance.now() - begun) / 1000;
        return { updates, position: positionAfter(reader, updates), recomputed, seconds };
      }),
    );
  }

  /**
   * A recorded state for comparing, which the caller disposes; the model's own is left alone. May be asked for while
   * a training is stepped through.
   */
  async stateOf(path: string, updates: number, cancelled: () => boolean): Promise<StateSnapshot> {
    this.opened();
    return withRun(path, async reader => {
      this.states!.refuseUnavailable(reader);
      return (await this.states!.at(reader, updates, cancelled)).snapshot;
    });
  }

  /** Looks into a run with the model to itself, also while a training is stepped through; no state changes. */
  inspect<T>(path: string, cancelled: () => boolean, body: (run: InspectedRun) => Promise<T>): Promise<T> {
    const model = this.opened();
    return this.during('look into a run', 'a run is looked into', () =>
      withRun(path, reader => body(new InspectedRun(model, this.states!, reader, cancelled))),
    );
  }

  /** A new run from a moment of another one, trained to the end of its text; see `trainBranch`. */
  async branch(path: string, request: BranchRequest, hooks: BranchHooks): Promise<RunInfo> {
    const model = this.opened();
    await this.alone('start a second training', 'a branch is trained', () =>
      withRun(path, parent => trainBranch(model, this.states!, parent, request, this.setup, hooks)),
    );
    return this.describeRun(request.runPath);
  }

  async openStepper(
    request: TrainRequest,
    onTokens: (spans: TokenSpans) => void,
    cancelled: () => boolean,
  ): Promise<RunInfo> {
    const model = this.opened();
    this.refuseWhileBusy('start a second training');
    const complete = completeRequest(request, model.base.config);
    const { runPath } = complete;
    if (!runPath) {
      throw new EngineError('bad-input', 'A stepped training needs a run file.', 'Name one.');
    }
    await this.alone('start a second training', 'a training is opened', async () => {
      const recorded = { ...complete, runPath };
      this.stepper = await Stepper.open(model, this.states!, recorded, this.setup, onTokens, cancelled);
    });
    return this.describeRun(runPath);
  }

  stepTo(runId: string, updates: number, cancelled: () => boolean): Promise<StepResult> {
    const stepper = this.stepperOf(runId);
    return this.during('take a step', 'a step is taken', () => stepper.to(updates, cancelled));
  }

  async closeStepper(runId: string): Promise<RunInfo> {
    const stepper = this.stepperOf(runId);
    await this.during('end the stepped training', 'it ends', async () => {
      this.stepper = undefined;
      await stepper.close();
    });
    return this.describeRun(stepper.request.runPath);
  }

  dispose(): void {
    this.stepper?.dispose();
    this.stepper = undefined;
    this.states?.forget();
    this.states = undefined;
    this.model?.dispose();
    this.model = undefined;
  }

  private stepperOf(runId: string): Stepper {
    if (this.stepper?.request.runId === runId) return this.stepper;
    throw new EngineError('bad-input', 'No stepped training of this name is open.', 'Start it again.');
  }

  private opened(): OpenModel {
    if (this.model) return this.model;
    throw new EngineError('no-model', 'No model is loaded.', 'Select a model first.');
  }

  /** Runs `body` with the model to itself; `clause` says meanwhile what goes on. */
  private async alone<T>(action: string, clause: string, body: () => Promise<T>): Promise<T> {
    this.refuseWhileBusy(action);
    return this.during(action, clause, body);
  }

  /** The same for what belongs to a stepped training. */
  private async during<T>(action: string, clause: string, body: () => Promise<T>): Promise<T> {
    this.refuse(action, this.busy);
    this.busy = clause;
    try {
      return await body();
    } finally {
      this.busy = undefined;
    }
  }

  private refuseWhileBusy(action: string): void {
    this.refuse(action, this.busy);
    const remedy = 'Stop debugging first.';
    this.refuse(action, this.stepper && 'a training is stepped through', remedy);
  }

  private refuse(action: string, clause: string | undefined, remedy = 'Wait for it or stop it first.'): void {
    if (clause) throw new EngineError('busy', `The engine cannot ${action} while ${clause}.`, remedy);
  }
}
