import { levelsOf } from '../checkpoint/config.ts';
import type { FastState } from '../model/fastState.ts';
import { titansOptions } from '../model/languageModel.ts';
import { appendGenerated, type Generated, generate } from '../model/selfModifyingTitans.ts';
import { METRIC_INDEX, METRICS } from '../protocol/metric.ts';
import type { Update } from '../protocol/update.ts';
import { fusedGenerate } from '../tensor/generate.ts';
import { readBack } from '../tensor/readBack.ts';
import { finiteness } from '../tensor/squares.ts';
import { tf } from '../tensor/tf.ts';
import { DivergedError } from './divergedError.ts';
import { LevelTelemetry, type TelemetryColumns } from './levelTelemetry.ts';
import { keepWrite, type LevelWrite, writeContinuumLevel, writeTitansLevel } from './levelWrites.ts';
import { forwardTick, type TickForward } from './tickForward.ts';
import type { Tick } from './tokenStream.ts';

export interface OnlineOptions {
  /** As `TrainOptions.learningRates`, complete; a level with rate 0 is frozen. */
  readonly learningRates: Readonly<Record<string, number>>;
  /** Whether the last tick updates levels whose chunk is not full. */
  readonly flush: boolean;
  readonly telemetry: boolean;
  /** Sees the state when every open chunk has the tick, before the levels that are due are written. */
  readonly beforeWrites?: (due: readonly string[]) => void;
}

/**
 * Trains the fast state tick by tick: reads the tick with the weights at the start of the open chunks, adds its
 * exact gradient to every CMS level's chunk and what the memories generated to theirs, and updates each level
 * whose chunk is full (Eq. 71, 90). There is no randomness: the same text and options give the same bits.
 */
export class OnlineTrainer {
  readonly levels: readonly { readonly id: string; readonly period: number }[];
  private readonly telemetry: LevelTelemetry | undefined;

  constructor(
    private readonly state: FastState,
    private readonly endOfText: number,
    private readonly options: OnlineOptions,
  ) {
    this.levels = levelsOf(state.base.config).filter(level => level.id !== 'outer');
    const ids = this.levels.map(level => level.id);
    this.telemetry = options.telemetry ? new LevelTelemetry(state, ids) : undefined;
  }

  /**
   * One update, with one read-back. The state must not be changed by others before it ends.
   * @throws DivergedError when a number is no longer finite; no weight is then changed.
   */
  async step(tick: Tick, index: number): Promise<Update> {
    const { state, telemetry } = this;
    const forward = forwardTick(state, tick, this.endOfText, state.sinceStart, telemetry !== undefined);
    const generated = this.accumulate(forward, tick.inputs.length);
    let writes: LevelWrite[] = [];
    const due = this.dueLevels(tick.last && this.options.flush);
    this.options.beforeWrites?.(due);
    tf.tidy(() => {
      writes = due.map(level => keepWrite(this.write(level)));
    });
    let columns: TelemetryColumns | undefined;
    let committed = false;
    try {
      const report = await readBack(() => {
        columns = telemetry && this.measure(telemetry, writes, forward, generated);
        const finite = writes.map(({ weights }) => finiteness([...weights.values()]));
        return tf.concat([forward.losses, ...finite, ...(columns ? [columns.values] : [])]);
      });
      const tokens = tick.inputs.length;
      const surprise = report.slice(0, tokens);
      this.refuseDivergence(surprise, report.subarray(tokens), writes, index, tick.position);
      const metrics = columns
        ? telemetry!.record(writes, columns.places, report.subarray(tokens + writes.length))
        : this.firedOnly(writes);
      this.commit(writes);
      committed = true;
      const loss = surprise.reduce((sum, s) => sum + s, 0) / surprise.length;
      return { index, position: tick.position, loss, surprise, metrics };
    } finally {
      if (!committed) for (const { weights } of writes) tf.dispose([...weights.values()]);
      tf.dispose([forward.losses, [...forward.memoryInputs], forward.taps ?? []]);
      tf.dispose(generated.map(g => ({ ...g })));
      for (const { errors, inner } of writes) tf.dispose([[...errors.values()], (inner ?? []).flat()]);
    }
  }

  /** Adds a tick to the open chunks of the memories. @returns what the memories generated for it, a block. */
  private accumulate({ memoryInputs, tails }: TickForward, tokens: number): Generated[] {
    const { state } = this;
    const options = titansOptions(state.base.config);
    const { blocks } = state.parameters();
    const generated = state.open.map((open, i) => {
      const next = keep(() => {
        const { memories } = blocks[i];
        return (
          fusedGenerate(memories, memoryInputs[i], options) ?? generate(memories, memoryInputs[i], options)
        );
      });
      open.projections = extend(open.projections, next);
      open.memory = extend(open.memory, next);
      open.tail.dispose();
      open.tail = tails[i];
      return next;
    });
    for (const { id } of this.levels) state.pending.set(id, (state.pending.get(id) ?? 0) + tokens);
    return generated;
  }

  /** Levels that fire at this tick: their chunk is full, or the text ends. */
  private dueLevels(flush: boolean): string[] {
    const { pending } = this.state;
    const due = this.levels.filter(({ id, period }) => flush || pending.get(id)! >= period);
    return due.map(({ id }) => id);
  }

  private write(level: string): LevelWrite {
    const rate = this.options.learningRates[level];
    if (rate === 0) return { level, frozen: true, weights: new Map(), errors: new Map() };
    if (level !== 'memory' && level !== 'projections') return writeContinuumLevel(this.state, level, rate);
    const memories = this.state.parameters().blocks.map(block => block.memories);
    return writeTitansLevel(this.state, level, memories, rate);
  }

  /** Puts the new weights in place and opens new chunks. */
  private commit(writes: readonly LevelWrite[]): void {
    const { state } = this;
    for (const { level, weights } of writes) {
      for (const [name, tensor] of weights) state.set(name, tensor);
      state.closeChunk(level);
    }
    state.updates++;
  }

  /** @param finite 1 for each write whose new weights all are */
  private refuseDivergence(
    surprise: Float32Array,
    finite: Float32Array,
    writes: readonly LevelWrite[],
    index: number,
    position: number,
  ): void {
    const read = surprise.every(Number.isFinite);
    const broken = read ? writes.find((_, i) => finite[i] !== 1) : undefined;
    if (read && !broken) return;
    throw new DivergedError(broken?.level ?? 'the loss', index, position);
  }

  private measure(
    telemetry: LevelTelemetry,
    writes: readonly LevelWrite[],
    { taps }: TickForward,
    generated: readonly Generated[],
  ): TelemetryColumns {
    return telemetry.columns(writes, {
      taps: taps!,
      eta: generated.map(g => g.eta),
      logAlpha: generated.map(g => g.logAlpha),
    });
  }

  /** Metrics without telemetry: which level fired and what is pending. */
  private firedOnly(writes: readonly LevelWrite[]): Float32Array {
    const { levels, state } = this;
    const { blocks } = state.base.config;
    const metrics = new Float32Array(blocks * levels.length * METRICS.length).fill(Number.NaN);
    for (let group = 0; group < blocks * levels.length; group++) {
      const { id } = levels[group % levels.length];
      const write = writes.find(({ level }) => level === id);
      metrics[group * METRICS.length + METRIC_INDEX.fired] = write && !write.frozen ? 1 : 0;
      metrics[group * METRICS.length + METRIC_INDEX.pending] = write ? 0 : state.pending.get(id)!;
    }
    return metrics;
  }
}

/** Runs `body` in a tidy and keeps what it generated. */
function keep(body: () => Generated): Generated {
  let kept: Generated | undefined;
  tf.tidy(() => {
    const { k, v, eta, logAlpha } = body();
    kept = { k: tf.keep(k), v: tf.keep(v), eta: tf.keep(eta), logAlpha: tf.keep(logAlpha) };
  });
  return kept!;
}

/** An open chunk with a tick more; the old one is disposed, the tick is not. */
function extend(open: Generated, next: Generated): Generated {
  const longer = keep(() => {
    const both = appendGenerated(open, next);
    return both === next ? shared(next) : both;
  });
  tf.dispose({ ...open });
  return longer;
}

/** The same tokens under handles of their own. */
function shared({ k, v, eta, logAlpha }: Generated): Generated {
  return { k: tf.clone(k), v: tf.clone(v), eta: tf.clone(eta), logAlpha: tf.clone(logAlpha) };
}
