import type { FastState } from '../model/fastState.ts';
import { METRIC_INDEX, METRICS, type Metric } from '../protocol/metric.ts';
import { squaredNorms } from '../tensor/squares.ts';
import { tf } from '../tensor/tf.ts';
import type { LevelWrite } from './levelWrites.ts';

/** Surprise and gates of one tick, which every tick has whether or not a level fires. */
export interface TickSignals {
  /** ∇_y L at the memories' output and at every CMS level's, one after the other a block: [blocks, 1 + K, T, D]. */
  readonly taps: tf.Tensor4D;
  /** η of every block, [blocks, heads × T]. */
  readonly eta: tf.Tensor2D;
  /** log α of every block, [blocks, heads × T]. */
  readonly logAlpha: tf.Tensor2D;
}

/** What a tick is measured by, one row a key, and its values [keys, blocks] while they are on the backend. */
export interface TelemetryColumns {
  readonly keys: ReadonlyMap<string, number>;
  readonly rows: tf.Tensor2D;
}

/** Turns writes into the numbers of an update. */
export class LevelTelemetry {
  /** Names of a level's tensors, a list for each block. */
  private readonly names: ReadonlyMap<string, readonly string[][]>;
  /** Of every level, from its first tick on: ‖W‖, ‖W − W₀‖ / ‖W₀‖ and ‖W₀‖ a block. */
  private readonly norms = new Map<
    string,
    { weight: Float32Array; drift: Float32Array; base: Float32Array }
  >();

  constructor(
    private readonly state: FastState,
    /** Levels in the order of a frame, without `outer`. */
    private readonly levels: readonly string[],
  ) {
    const { specs, base } = state;
    this.names = new Map(
      levels.map(level => [
        level,
        Array.from({ length: base.config.blocks }, (_, block) =>
          specs.filter(spec => spec.level === level && spec.block === block).map(({ name }) => name),
        ),
      ]),
    );
  }

  /**
   * Metrics of a tick, `[blocks, levels, METRICS.length]`; call before the writes are put in place.
   * @param rows values of the tick's columns
   */
  record(
    writes: readonly LevelWrite[],
    columns: ReadonlyMap<string, number>,
    rows: Float32Array,
  ): Float32Array {
    const { blocks } = this.state.base.config;
    const metrics = new Float32Array(blocks * this.levels.length * METRICS.length).fill(Number.NaN);
    const put = (block: number, level: number, metric: Metric, value: number) => {
      metrics[(block * this.levels.length + level) * METRICS.length + METRIC_INDEX[metric]] = value;
    };
    const read = (key: string, block: number) => rows[columns.get(key)! * blocks + block];
    const fired = new Set(writes.filter(write => !write.frozen).map(write => write.level));
    const closed = new Set(writes.map(write => write.level));
    this.levels.forEach((level, l) => {
      const known = this.norms.get(level) ?? this.firstNorms(level, read);
      for (let block = 0; block < blocks; block++) {
        if (fired.has(level)) {
          known.weight[block] = Math.sqrt(read(`${level}.weight`, block));
          known.drift[block] = Math.sqrt(read(`${level}.drift`, block)) / known.base[block];
          put(block, l, 'gradientNorm', Math.sqrt(read(`${level}.error`, block)));
        }
        put(block, l, 'fired', fired.has(level) ? 1 : 0);
        put(block, l, 'deltaNorm', fired.has(level) ? Math.sqrt(read(`${level}.delta`, block)) : 0);
        put(block, l, 'weightNorm', known.weight[block]);
        put(block, l, 'drift', known.drift[block]);
        put(block, l, 'pending', closed.has(level) ? 0 : (this.state.pending.get(level) ?? 0));
        if (columns.has(`${level}.lss`)) put(block, l, 'lss', read(`${level}.lss`, block));
        if (level === 'memory' || level === 'projections') {
          put(block, l, 'eta', read('eta', block));
          put(block, l, 'alpha', read('alpha', block));
        }
      }
    });
    return metrics;
  }

  /** What `record` needs of a tick; call in a tidy, before the writes are put in place. */
  columns(writes: readonly LevelWrite[], { taps, eta, logAlpha }: TickSignals): TelemetryColumns {
    const named = new Map<string, tf.Tensor>();
    for (const level of this.levels.filter(each => !this.norms.has(each))) {
      const [now, base] = [this.state, this.state.base].map(({ tensors }) => this.ofBlocks(level, tensors));
      named.set(`${level}.start`, squaredNorms(now));
      named.set(`${level}.away`, squaredNorms(now, base));
      named.set(`${level}.base`, squaredNorms(base));
    }
    for (const { level, weights, errors, inner, frozen, rate } of writes) {
      if (frozen) continue;
      const after = this.ofBlocks(level, weights);
      const error = squaredNorms(this.ofBlocks(level, errors));
      const delta =
        rate === undefined
          ? squaredNorms(after, this.ofBlocks(level, this.state.tensors))
          : tf.mul<tf.Tensor1D>(error, tf.scalar(rate * rate));
      named.set(`${level}.delta`, delta);
      named.set(`${level}.weight`, squaredNorms(after));
      named.set(`${level}.drift`, squaredNorms(after, this.ofBlocks(level, this.state.base.tensors)));
      named.set(`${level}.error`, error);
      if (inner && level === 'projections') named.set(`${level}.lss`, innerSurprise(inner));
    }
    const [blocks, outputs] = taps.shape;
    const lss = tf.mean(tf.sqrt(tf.sum(tf.square(taps), 3)), 2);
    const levels = ['memory', ...this.levels.filter(level => level.startsWith('cms.'))];
    for (let i = 0; i < outputs; i++) {
      named.set(`${levels[i]}.lss`, tf.reshape(tf.slice(lss, [0, i], [blocks, 1]), [blocks]));
    }
    named.set('eta', tf.mean(eta, 1));
    named.set('alpha', tf.mean(tf.exp(logAlpha), 1));
    const keys = new Map([...named.keys()].map((key, i) => [key, i]));
    return { keys, rows: tf.stack([...named.values()]) as tf.Tensor2D };
  }

  /** A level's tensors, a list for each block. */
  private ofBlocks(level: string, tensors: ReadonlyMap<string, tf.Tensor>): tf.Tensor[][] {
    const names = this.names.get(level)!;
    return names.map(block => block.map(name => tensors.get(name)!));
  }

  /** Norms of a level as it was before the first tick, rounded as `record` rounds those of later ones. */
  private firstNorms(level: string, read: (key: string, block: number) => number) {
    const each = (value: (block: number) => number) =>
      Float32Array.from({ length: this.state.base.config.blocks }, (_, block) => value(block));
    const norm = (key: string, block: number) => Math.sqrt(read(`${level}.${key}`, block));
    const base = each(block => norm('base', block));
    const norms = {
      weight: each(block => norm('start', block)),
      drift: each(block => norm('away', block) / base[block]),
      base,
    };
    this.norms.set(level, norms);
    return norms;
  }
}

/** Mean over tokens and heads of ‖∇_y ℓ‖ of the inner loss, [blocks]. */
function innerSurprise(errors: readonly tf.Tensor2D[]): tf.Tensor1D {
  return tf.stack(errors.map(rows => tf.mean(tf.sqrt(tf.sum(tf.square(rows), 1))))) as tf.Tensor1D;
}
