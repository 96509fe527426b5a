import { tickOf } from '../checkpoint/config.ts';
import { StateSnapshot } from '../model/stateSnapshot.ts';
import type { Frame } from '../protocol/frame.ts';
import type { TokenSpans, TrainRequest } from '../protocol/training.ts';
import { RecordedTicks } from '../train/recordedTicks.ts';
import { breath, breathOrStop } from './breath.ts';
import { EngineError } from './engineError.ts';
import type { OpenModel } from './openModel.ts';
import { RecordedTraining } from './recordedTraining.ts';
import { MOST_UPDATES, readUpdates, withRun } from './runReading.ts';
import { type RecordingSetup, RunRecorder } from './runRecorder.ts';
import type { RunStates } from './runStates.ts';

/** Where the cursor of a stepped training is. */
export interface StepResult {
  readonly updates: number;
  /** First stream position not yet read. */
  readonly position: number;
  /** Whether the cursor is at the end of the text. */
  readonly ended: boolean;
  readonly frame: Frame;
}

/**
 * A training that goes only when told to, forwards and backwards. The model's fast state is always that at the
 * cursor; what was trained once is recorded and never trained on again.
 */
export class Stepper {
  private cursor = 0;
  /** The state after all updates recorded so far. */
  private head: StateSnapshot;
  /** Why it can go no further, where a number diverged or the file refused an update. */
  private failure: unknown;
  private finished = false;

  /** Tokenises the text and begins the run file; nothing is trained yet. */
  static async open(
    model: OpenModel,
    states: RunStates,
    request: TrainRequest & { readonly runPath: string },
    setup: RecordingSetup,
    onTokens: (spans: TokenSpans) => void,
    cancelled: () => boolean,
  ): Promise<Stepper> {
    const pieces = [];
    for (const piece of model.tokenizer.encodePieces(request.text)) {
      pieces.push(piece);
      await breathOrStop(cancelled, 'Opening the training');
    }
    model.fast.dropOpenChunks();
    const training = await RecordedTraining.begin(model, request, () =>
      RunRecorder.create(model, request.runPath, request, setup),
    );
    try {
      let first = 0;
      for (const { ids, starts, ends } of pieces) {
        training.tokens(first, ids, starts, ends);
        onTokens({ runId: request.runId, first, starts, ends });
        first += ids.length;
      }
      const all = new Int32Array(first);
      let at = 0;
      for (const { ids } of pieces) {
        all.set(ids, at);
        at += ids.length;
      }
      return new Stepper(model, states, request, training, all);
    } catch (error) {
      training.dispose();
      throw error;
    }
  }

  private readonly ticks: RecordedTicks;

  private constructor(
    private readonly model: OpenModel,
    private readonly states: RunStates,
    readonly request: TrainRequest & { readonly runPath: string },
    private readonly training: RecordedTraining,
    private readonly ids: Int32Array,
  ) {
    const { base, tokenizer, fast } = model;
    this.ticks = new RecordedTicks(ids, tokenizer.endOfText, request.options.epochs, tickOf(base.config));
    this.head = StateSnapshot.of(fast);
  }

  /**
   * Moves the cursor, at most to the end of the text and 65,536 updates on. When cancelled it stays where it got to. Answers the updates
   * between where it was and where it is, none when it went back.
   */
  async to(updates: number, cancelled: () => boolean): Promise<StepResult> {
    if (!(Number.isSafeInteger(updates) && updates >= 0)) {
      throw new EngineError('bad-input', `There is no state after ${updates} updates.`);
    }
    const from = this.cursor;
    const target = Math.min(updates, this.ticks.count, from + MOST_UPDATES);
    if (target < this.training.updates) await this.restore(target, cancelled);
    else {
      this.toHead();
      if (target > this.cursor) await this.train(target, cancelled);
    }
    const frame = await withRun(this.request.runPath, reader =>
      readUpdates(reader, from, Math.max(0, this.cursor - from)),
    );
    const { cursor, ticks } = this;
    const ended = cursor === ticks.count;
    return { updates: cursor, position: ended ? ticks.positions : ticks.at(cursor).position, ended, frame };
  }

  /** Ends the training; the fast state stays that at the cursor, without its open chunks. */
  async close(): Promise<void> {
    const { fast } = this.model;
    const here = StateSnapshot.of(fast);
    try {
      if (!this.finished && !this.failure) {
        this.head.restore(fast);
        await this.training.finish('cancelled', this.ids.length);
      }
    } finally {
      here.restore(fast);
      fast.dropOpenChunks();
      this.dispose();
      here.dispose();
    }
  }

  /** Lets go of the run file as it is. */
  dispose(): void {
    this.training.dispose();
    this.head.dispose();
  }

  private async restore(target: number, cancelled: () => boolean): Promise<void> {
    if (target === this.cursor) return;
    const { snapshot } = await withRun(this.request.runPath, reader =>
      this.states.at(reader, target, cancelled),
    );
    snapshot.restore(this.model.fast);
    snapshot.dispose();
    this.cursor = target;
  }

  private toHead(): void {
    if (this.cursor === this.training.updates) return;
    this.head.restore(this.model.fast);
    this.cursor = this.training.updates;
  }

  private async train(target: number, cancelled: () => boolean): Promise<void> {
    if (this.failure) throw this.failure;
    const { fast } = this.model;
    try {
      while (this.cursor < target && !cancelled()) {
        await this.training.step(this.ticks.at(this.cursor), this.ids.length);
        this.cursor++;
        this.head.dispose();
        this.head = StateSnapshot.of(fast);
        this.states.remember(this.request, this.cursor, this.head.copy());
        await breath();
      }
      this.training.settle();
      if (this.cursor === this.ticks.count) await this.finish();
    } catch (error) {
      // The tick that failed left its tokens in the open chunks.
      this.head.restore(fast);
      this.failure = this.training.fail(error);
      throw this.failure;
    }
  }

  private async finish(): Promise<void> {
    await this.training.finish('finished', this.ids.length);
    this.finished = true;
    this.training.dispose();
  }
}
