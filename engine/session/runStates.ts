import { resolve } from 'node:path';
import { tickOf } from '../checkpoint/config.ts';
import { FastState } from '../model/fastState.ts';
import { StateSnapshot } from '../model/stateSnapshot.ts';
import { type Keyframe, lackOfStates, type RunReader } from '../run/index.ts';
import { OnlineTrainer } from '../train/onlineTrainer.ts';
import { RecordedTicks } from '../train/recordedTicks.ts';
import { breathOrStop } from './breath.ts';
import { EngineError } from './engineError.ts';
import { decodeFastState } from './fastStateFile.ts';
import type { OpenModel } from './openModel.ts';
import { StateCache } from './stateCache.ts';

/** Relative difference of losses up to which a recomputed update counts as the recorded one. */
const TOLERANCE = 1e-3;

/**
 * Of the states that a recomputation passes one in so many is kept, and where updates are stepped through the last few
 * as well, for going back a step. To keep one makes the update after it copy the sums of open chunks, which it would add to
 * in place, and that takes longer than the update.
 */
const NEAR = 8;
const FAR = 64;

/**
 * Brings back the states of recorded runs, bit by bit: from the nearest moment that is in memory or in the file as a
 * keyframe, by training again on what came after it. The model's own fast state is left alone.
 */
export class RunStates {
  private readonly cache = new StateCache();
  /** What was asked for last. */
  private last = { run: '', updates: 0 };
  /** The keyframe that others of its run are packed against. */
  private first: { run: string; keyframe: Keyframe } | undefined;

  constructor(
    private readonly model: OpenModel,
    private readonly backend: string,
  ) {}

  /** Why states of this run cannot be restored, one sentence; undefined when they can. */
  unavailable({ header }: RunReader): string | undefined {
    const lack = lackOfStates(header);
    if (lack) return lack;
    if (header.modelHash !== this.model.modelHash) {
      return `Its states need the model “${header.modelName}” that it was made with; another one is loaded.`;
    }
    if (header.backend !== this.backend) {
      return `Its states need the backend ${header.backend} that it was made with; the engine runs on ${this.backend}.`;
    }
    return undefined;
  }

  /** @throws EngineError where the run's states cannot be restored bit by bit. */
  refuseUnavailable(reader: RunReader): void {
    const reason = this.unavailable(reader);
    if (reason) throw new EngineError('bad-input', reason, 'Select it first, then try again.');
  }

  /**
   * The state after `updates` updates, open chunks included. The caller disposes the snapshot.
   * @throws EngineError when the run is of another model, has no such update, recomputes to other losses (on another
   * backend, say), or when cancelled.
   */
  async at(
    reader: RunReader,
    updates: number,
    cancelled: () => boolean = () => false,
  ): Promise<{ snapshot: StateSnapshot; recomputed: number }> {
    this.refuse(reader, updates);
    const run = runKey(reader.header.runId, reader.path);
    const stepping = this.last.run === run && Math.abs(this.last.updates - updates) <= NEAR;
    this.last = { run, updates };
    const exact = this.cache.nearest(run, updates, updates - 1);
    if (exact) return { snapshot: exact.snapshot.copy(), recomputed: 0 };
    const scratch = new FastState(this.model.base);
    try {
      const from = this.nearest(reader, run, updates, scratch);
      await this.recompute(reader, run, from, updates, scratch, stepping, cancelled);
      return { snapshot: StateSnapshot.of(scratch), recomputed: updates - from };
    } finally {
      scratch.dispose();
    }
  }

  /** Keeps a state that is at hand anyway; the snapshot then belongs to the cache. */
  remember(
    { runId, runPath }: { runId: string; runPath: string },
    updates: number,
    snapshot: StateSnapshot,
  ): void {
    this.last = { run: runKey(runId, resolve(runPath)), updates };
    this.cache.put(this.last.run, updates, snapshot);
  }

  /** Frees the states that are kept for going to and fro. */
  forget(): void {
    this.cache.clear();
    this.first = undefined;
  }

  private refuse(reader: RunReader, updates: number): void {
    if (reader.header.modelHash !== this.model.modelHash) this.refuseUnavailable(reader);
    const total = reader.updatesCount;
    if (Number.isSafeInteger(updates) && updates >= 0 && updates <= total) return;
    const message = `The run has ${total} updates; there is no state after ${updates}.`;
    throw new EngineError('bad-input', message, `Ask for 0 to ${total}.`);
  }

  /** Puts the nearest known moment into `state`. @returns its updates */
  private nearest(reader: RunReader, run: string, updates: number, state: FastState): number {
    const at = reader.keyframes().findLast(keyframe => keyframe <= updates) ?? -1;
    const known = this.cache.nearest(run, updates, at - 1);
    if (known) {
      known.snapshot.restore(state);
      return known.updates;
    }
    const keyframe = reader.lastKeyframe(updates, first => this.keyframeOf(reader, run, first));
    if (!keyframe) throw new EngineError('bad-input', 'The run holds no keyframe.', 'Train again.');
    decodeFastState(keyframe.fastState, state, this.model.modelHash, reader.path);
    this.cache.put(run, keyframe.updates, StateSnapshot.of(state));
    return keyframe.updates;
  }

  private keyframeOf(reader: RunReader, run: string, updates: number): Keyframe {
    if (this.first?.run !== run || this.first.keyframe.updates !== updates) {
      this.first = { run, keyframe: reader.keyframe(updates) };
    }
    return this.first.keyframe;
  }

  private async recompute(
    reader: RunReader,
    run: string,
    from: number,
    to: number,
    state: FastState,
    stepping: boolean,
    cancelled: () => boolean,
  ): Promise<void> {
    if (from === to) return;
    const { tokenizer } = this.model;
    const { options, firstTick } = reader.header;
    const trainer = new OnlineTrainer(state, tokenizer.endOfText, {
      learningRates: options.learningRates,
      flush: options.partialChunk === 'flush',
      telemetry: false,
    });
    const ticks = ticksOf(reader, this.model);
    const losses = reader.losses(from, to);
    for (let index = from; index < to; index++) {
      const { loss } = await trainer.step(ticks.at(firstTick + index), index);
      const recorded = losses[index - from];
      if (!(Math.abs(loss - recorded) <= TOLERANCE * (1 + recorded))) {
        const remedy = 'Reset the memory and train again.';
        throw new EngineError('internal', `Update ${index} recomputed to another loss.`, remedy);
      }
      const done = index + 1;
      const near = done === to || (stepping && to - done < NEAR);
      if (near || done % FAR === 0) this.cache.put(run, done, StateSnapshot.of(state));
      await breathOrStop(cancelled, 'Going to another update');
    }
  }
}

/** Runs are told apart by name and file: another file may have taken a name, another run a file. */
function runKey(runId: string, path: string): string {
  return `${runId} ${path}`;
}

/** The ticks of a run's text, as far as its tokens were recorded. */
export function ticksOf(reader: RunReader, { base, tokenizer }: OpenModel): RecordedTicks {
  const { ids } = reader.tokens();
  return new RecordedTicks(ids, tokenizer.endOfText, reader.header.options.epochs, tickOf(base.config));
}
