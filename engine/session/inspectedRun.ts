import type { LevelSpan } from '../introspect/absorption.ts';
import { ModelScorer } from '../introspect/modelScorer.ts';
import type { Weights } from '../introspect/scorer.ts';
import { MOST_PLAYERS } from '../introspect/shapley.ts';
import type { StateSnapshot } from '../model/stateSnapshot.ts';
import { ownLevels } from '../protocol/level.ts';
import { METRIC_INDEX, METRICS } from '../protocol/metric.ts';
import type { Probe } from '../protocol/probe.ts';
import type { Update } from '../protocol/update.ts';
import type { RunReader } from '../run/index.ts';
import { breathOrStop } from './breath.ts';
import { EngineError } from './engineError.ts';
import type { OpenModel } from './openModel.ts';
import type { RunStates } from './runStates.ts';
import { probeTokens } from './scoring.ts';

/** Updates looked through between two looks at what else is to be done. */
const BATCH = 256;

/** A recorded run with the model that can bring its states back, for the time of one request. */
export class InspectedRun {
  /** Host copies of tensors by their data, which states share where nothing changed. */
  private readonly copies = new Map<object, Float32Array>();

  constructor(
    readonly model: OpenModel,
    private readonly states: RunStates,
    readonly reader: RunReader,
    readonly cancelled: () => boolean,
  ) {}

  /** @throws EngineError where the run's states cannot be restored with this model and backend. */
  refuseUnavailable(): void {
    this.states.refuseUnavailable(this.reader);
  }

  /** Levels of the model; those of a run besides have the memories of their optimizers, which change no weights. */
  get levelIds(): string[] {
    return ownLevels(this.reader.header.levels).map(({ id }) => id);
  }

  /** The whole state after so many updates, which the caller disposes. */
  async stateAt(updates: number): Promise<StateSnapshot> {
    return (await this.states.at(this.reader, updates, this.cancelled)).snapshot;
  }

  /** Fast weights after so many updates. */
  async weightsAt(updates: number): Promise<Weights> {
    const snapshot = await this.stateAt(updates);
    try {
      return new Map(
        [...snapshot.tensors].map(([name, tensor]) => {
          const known = this.copies.get(tensor.dataId) ?? (tensor.dataSync().slice() as Float32Array);
          this.copies.set(tensor.dataId, known);
          return [name, known];
        }),
      );
    } finally {
      snapshot.dispose();
    }
  }

  /** @throws EngineError on a probe that cannot be scored */
  scorer(probe: Probe): ModelScorer {
    const { base, tokenizer } = this.model;
    return new ModelScorer(base, tokenizer.endOfText, probeTokens(this.model, probe));
  }

  /** Recorded updates `from` up to `to`, pausing now and then. */
  async *updates(from: number, to: number): AsyncGenerator<Update> {
    for (let at = from; at < to; at += BATCH) {
      yield* this.reader.updates(at, Math.min(at + BATCH, to));
      await breathOrStop(this.cancelled, 'Looking into the run');
    }
  }

  /** What each level did between two states, and the updates at which each fired, counted from 1. */
  async spans(from: number, to: number): Promise<(LevelSpan & { readonly firings: readonly number[] })[]> {
    const { options } = this.reader.header;
    const levels = ownLevels(this.reader.header.levels);
    const firings: number[][] = levels.map(() => []);
    let pending: number[] = levels.map(() => 0);
    for await (const { index, metrics } of this.updates(from, to)) {
      const read = (level: number, name: 'fired' | 'pending') =>
        metrics[level * METRICS.length + METRIC_INDEX[name]];
      levels.forEach((_, level) => {
        if (read(level, 'fired') === 1) firings[level].push(index + 1);
      });
      pending = levels.map((_, level) => read(level, 'pending'));
    }
    return levels.map(({ id, period }, level) => {
      const frozen = options.learningRates[id] === 0;
      const updates = firings[level].length;
      const tokensToGo = updates === 0 && !frozen ? period - pending[level] : undefined;
      return { id, updates, tokensToGo, frozen, firings: firings[level] };
    });
  }

  /** @throws EngineError unless 0 ≤ from < to ≤ the run's updates */
  checkRange(from: number, to: number): void {
    const total = this.reader.updatesCount;
    const whole = Number.isSafeInteger(from) && Number.isSafeInteger(to);
    if (whole && from >= 0 && from < to && to <= total) return;
    const message = `The run has ${total} updates; there is no stretch from ${from} to ${to}.`;
    throw new EngineError('bad-input', message, 'Choose a stretch of at least one update.');
  }

  /** @throws EngineError where the model lacks the level or block */
  checkPlace(level: string, block: number): void {
    const { blocks } = this.reader.header;
    const levels = this.levelIds;
    if (!levels.includes(level)) {
      const remedy = `The levels are ${levels.join(', ')}.`;
      throw new EngineError('bad-input', `The run has no level "${level}".`, remedy);
    }
    if (Number.isSafeInteger(block) && block >= 0 && block < blocks) return;
    throw new EngineError('bad-input', `The run has no block ${block}.`, `It has blocks 0 to ${blocks - 1}.`);
  }

  /** @throws EngineError where more levels could share a gain than can be told apart */
  checkPlayers(): void {
    const levels = this.levelIds;
    if (levels.length <= MOST_PLAYERS) return;
    const message = `A gain can be divided among at most ${MOST_PLAYERS} levels; the model has ${levels.length}.`;
    throw new EngineError('bad-input', message);
  }
}
