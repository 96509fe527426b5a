import { levelsOf } from '../checkpoint/config.ts';
import { hasMemories } from '../checkpoint/systems.ts';
import type { FastState } from '../model/fastState.ts';
import { titansOptions } from '../model/languageModel.ts';
import { bindParameters } from '../model/parameters.ts';
import {
  appendGenerated,
  type Generated,
  type Given,
  generate,
  type Memories,
  mapGenerated,
  type TitansOptions,
} from '../model/selfModifyingTitans.ts';
import { METRIC_INDEX, METRICS } from '../protocol/metric.ts';
import type { Update } from '../protocol/update.ts';
import { fusedGenerate } from '../tensor/generate.ts';
import { readBack } from '../tensor/readBack.ts';
import { finiteness } from '../tensor/squares.ts';
import { tf } from '../tensor/tf.ts';
import { DivergedError } from './divergedError.ts';
import { LevelTelemetry, type TelemetryColumns } from './levelTelemetry.ts';
import {
  keepWrite,
  type LevelWrite,
  restartLevel,
  writeContinuumLevel,
  writeTitansLevel,
} from './levelWrites.ts';
import { MemoryMetrics } from './memoryLevels.ts';
import { memoryUpdates, type OptimizerUpdate, optimizerUpdates } from './optimizerUpdates.ts';
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
  /** Told what a tick's writes did to the memories of the levels' optimizers, when they did something. */
  readonly onOptimizers?: (updates: readonly OptimizerUpdate[], index: number) => void;
}

/**
 * Trains the fast state tick by tick: reads the tick with the weights at the start of the open chunks, adds its
 * exact gradient to every CMS level's chunk and what the memories generated to theirs, and updates each level
 * whose chunk is full (Eq. 71, 90). There is no randomness: the same text and options give the same bits.
 */
export class OnlineTrainer {
  readonly levels: readonly { readonly id: string; readonly period: number }[];
  private readonly telemetry: LevelTelemetry | undefined;
  private readonly memories: MemoryMetrics;
  /** What the memories of each block are compared to as they are written. */
  private readonly bases: readonly Memories[] | undefined;

  constructor(
    private readonly state: FastState,
    private readonly endOfText: number,
    private readonly options: OnlineOptions,
  ) {
    this.levels = levelsOf(state.base.config).filter(level => level.id !== 'outer');
    const ids = this.levels.map(level => level.id);
    this.memories = new MemoryMetrics(state.base.config);
    this.telemetry = options.telemetry ? new LevelTelemetry(state, ids) : undefined;
    this.bases = this.telemetry && basesOf(state);
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
        return tf.concat([forward.losses, ...(columns ? columns.values : finitenessOf(writes))]);
      });
      const tokens = tick.inputs.length;
      const surprise = report.slice(0, tokens);
      const rest = report.subarray(tokens);
      const sure = columns && writes.every(write => telemetry!.surelyFinite(write, columns!.places, rest));
      // Squares of very large numbers are not finite where the numbers still are.
      const finite = sure ? undefined : columns ? await readFiniteness(writes) : rest;
      this.refuseDivergence(surprise, finite, writes, index, tick.position);
      const own = columns ? telemetry!.record(writes, columns.places, rest) : this.firedOnly(writes);
      const { onOptimizers } = this.options;
      if (telemetry) await this.memories.begin(state);
      const memories = telemetry || onOptimizers ? await memoryUpdates(state, writes) : [];
      this.commit(writes);
      committed = true;
      for (const { name, deltaNorm, surprise } of memories) {
        state.memoryWrites.set(name, { deltaNorm, surprise });
      }
      const told = optimizerUpdates(memories);
      if (told.length) onOptimizers?.(told, index);
      const remembered = writes.filter(({ optimizer }) => optimizer?.size).map(({ level }) => level);
      const metrics = this.memories.widen(own, new Set(remembered), told);
      const loss = surprise.reduce((sum, s) => sum + s, 0) / surprise.length;
      return { index, position: tick.position, loss, surprise, metrics };
    } finally {
      if (!committed) for (const { weights, optimizer } of writes) disposeMaps(weights, optimizer);
      tf.dispose([forward.losses, forward.inputs.map(inputs => ({ ...inputs })), forward.taps ?? []]);
      tf.dispose(generated.map(g => ({ ...g })));
      for (const { errors, inner, measured } of writes) {
        tf.dispose([[...errors.values()], (inner ?? []).flat(), [...(measured ?? [])]]);
      }
    }
  }

  /** Adds a tick to the open chunks of the memories. @returns what the memories generated for it, a block. */
  private accumulate({ inputs, left }: TickForward, tokens: number): Generated[] {
    const { state } = this;
    const options = titansOptions(state.base.config);
    const { blocks } = state.parameters();
    state.open.forEach((open, i) => {
      tf.dispose([open.tail, { ...open.mixer }]);
      open.tail = left[i].tail;
      open.mixer = left[i].mixer;
    });
    const generated = inputs.map(({ memoryInput, ...given }, i) => {
      const { memories } = blocks[i];
      const next = keep(() => generateTokens(memories!, memoryInput, options, given));
      const open = state.open[i];
      open.projections = extend(open.projections, next);
      open.memory = extend(open.memory, next);
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
    if (level !== 'memory' && level !== 'projections') {
      if (this.contextEnds(level)) return restartLevel(this.state, level);
      return writeContinuumLevel(this.state, level, rate, this.telemetry !== undefined);
    }
    const memories = this.state.parameters().blocks.map(block => block.memories!);
    return writeTitansLevel(this.state, level, memories, rate, this.bases);
  }

  /** Whether a nested level's context ends at this tick: the chunk of the next slower one is full. */
  private contextEnds(level: string): boolean {
    if (this.state.base.config.cms.form !== 'nested') return false;
    const slower = this.levels[this.levels.findIndex(({ id }) => id === level) + 1];
    return slower !== undefined && this.state.pending.get(slower.id)! >= slower.period;
  }

  /** Puts the new weights in place and opens new chunks. */
  private commit(writes: readonly LevelWrite[]): void {
    const { state } = this;
    for (const { level, weights, optimizer } of writes) {
      for (const [name, tensor] of weights) state.set(name, tensor);
      for (const [name, tensor] of optimizer ?? []) state.setOptimizer(name, tensor);
      state.closeChunk(level);
    }
    state.updates++;
  }

  /** @param finite 1 for each write whose new weights all are; without it all of them are */
  private refuseDivergence(
    surprise: Float32Array,
    finite: Float32Array | undefined,
    writes: readonly LevelWrite[],
    index: number,
    position: number,
  ): void {
    const read = surprise.every(Number.isFinite);
    const broken = read && finite ? writes.find((_, i) => finite[i] !== 1) : undefined;
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

/** The base's memories of each block; undefined of a system that has none. */
function basesOf({ base: { config, tensors } }: FastState): readonly Memories[] | undefined {
  if (!hasMemories(config)) return undefined;
  return bindParameters(config, name => tensors.get(name)!).blocks.map(block => block.memories!);
}

/** What memories and static projections generate for a tick, in one kernel where the backend has it. */
function generateTokens(memories: Memories, x: tf.Tensor3D, options: TitansOptions, given: Given): Generated {
  const { k, v, eta, alpha } = memories;
  const usual = !options.sharedValues && [k, v, eta, alpha].every(memory => memory?.w1 && !memory.skip);
  const made = usual ? fusedGenerate(memories as never, x, options) : undefined;
  return made ?? generate(memories, x, options, given);
}

/** 1 for each write whose new weights are all finite. */
function finitenessOf(writes: readonly LevelWrite[]): tf.Tensor1D[] {
  return writes.map(({ weights }) => finiteness([...weights.values()]));
}

async function readFiniteness(writes: readonly LevelWrite[]): Promise<Float32Array> {
  return writes.length ? readBack(() => tf.concat(finitenessOf(writes))) : new Float32Array();
}

function disposeMaps(...maps: (ReadonlyMap<string, tf.Tensor> | undefined)[]): void {
  for (const map of maps) tf.dispose([...(map?.values() ?? [])]);
}

/** Runs `body` in a tidy and keeps what it generated. */
function keep(body: () => Generated): Generated {
  let kept: Generated | undefined;
  tf.tidy(() => {
    kept = mapGenerated(body(), tensor => tf.keep(tensor));
  });
  return kept!;
}

/** An open chunk with a tick more; the old one is disposed, the tick is not. */
function extend(open: Generated, next: Generated): Generated {
  const longer = keep(() => {
    const both = appendGenerated(open, next);
    return both === next ? mapGenerated(next, tensor => tf.clone(tensor)) : both;
  });
  tf.dispose({ ...open });
  return longer;
}
