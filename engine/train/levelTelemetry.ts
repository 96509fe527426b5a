import type { FastState } from '../model/fastState.ts';
import { METRIC_INDEX, METRICS, type Metric } from '../protocol/metric.ts';
import { type Measurement, measureAll } from '../tensor/measure.ts';
import { squaredNorms } from '../tensor/squares.ts';
import { tf } from '../tensor/tf.ts';
import type { LevelWrite } from './levelWrites.ts';

/** Surprise and gates of one tick, which every tick has whether or not a level fires. */
export interface TickSignals {
  /** ∇_y L at the memories' output and at every CMS level's, one after the other a block: [blocks × (1 + K), T, D]. */
  readonly taps: tf.Tensor3D;
  /** η of each block, [heads, T]. */
  readonly eta: readonly tf.Tensor2D[];
  /** log α of each block, [heads, T]. */
  readonly logAlpha: readonly tf.Tensor2D[];
}

/** Turns writes into the numbers of an update, with one read-back a tick. */
export class LevelTelemetry {
  /** Names of a level's tensors, a list for each block. */
  private readonly names: ReadonlyMap<string, readonly string[][]>;
  private readonly norms: Map<string, { weight: Float32Array; drift: Float32Array; base: Float32Array }>;

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
    this.norms = new Map(
      levels.map(level => {
        const { weight, drift, base } = this.measure(level);
        return [level, { weight, drift, base }];
      }),
    );
  }

  /** Metrics of a tick, `[blocks, levels, METRICS.length]`; call before the writes are put in place. */
  record(writes: readonly LevelWrite[], signals: TickSignals): Float32Array {
    const { blocks } = this.state.base.config;
    const metrics = new Float32Array(blocks * this.levels.length * METRICS.length).fill(Number.NaN);
    const put = (block: number, level: number, metric: Metric, value: number) => {
      metrics[(block * this.levels.length + level) * METRICS.length + METRIC_INDEX[metric]] = value;
    };
    const columns = new Map<string, { at: number; step: number }>();
    const rows = tf.tidy(() => this.columns(writes, signals, columns).dataSync() as Float32Array);
    const read = (key: string, block: number) => {
      const { at, step } = columns.get(key)!;
      return rows[at + block * step];
    };
    const fired = new Map(writes.filter(write => !write.frozen).map(write => [write.level, write]));
    const closed = new Set(writes.map(write => write.level));
    this.levels.forEach((level, l) => {
      const known = this.norms.get(level)!;
      for (let block = 0; block < blocks; block++) {
        if (fired.has(level)) {
          known.weight[block] = Math.sqrt(read(`${level}.weight`, block));
          known.drift[block] = Math.sqrt(read(`${level}.drift`, block)) / known.base[block];
          const error = Math.sqrt(read(`${level}.error`, block));
          const { rate } = fired.get(level)!;
          put(block, l, 'gradientNorm', error);
          // Where the change is −rate · Σ g its norm needs no look at the weights.
          const delta = rate === undefined ? Math.sqrt(read(`${level}.delta`, block)) : rate * error;
          put(block, l, 'deltaNorm', delta);
        } else put(block, l, 'deltaNorm', 0);
        put(block, l, 'fired', fired.has(level) ? 1 : 0);
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

  /** All numbers of a tick in one tensor; `index` says where those of a name are: the first, and the next block's. */
  private columns(
    writes: readonly LevelWrite[],
    { taps, eta, logAlpha }: TickSignals,
    index: Map<string, { at: number; step: number }>,
  ): tf.Tensor {
    const asked: Measurement[] = [];
    const { blocks } = this.state.base.config;
    const places = taps.shape[0] / blocks;
    ['memory', ...this.levels.filter(level => level.startsWith('cms.'))].forEach((level, place) => {
      index.set(`${level}.lss`, { at: place, step: places });
    });
    asked.push({ what: 'rowNorm', of: [taps], groups: blocks * places });
    let at = blocks * places;
    const ask = (name: string, ofBlock: (block: number) => Measurement) => {
      index.set(name, { at, step: 1 });
      at += blocks;
      for (let block = 0; block < blocks; block++) asked.push(ofBlock(block));
    };
    const squares = (name: string, of: tf.Tensor[][], from?: tf.Tensor[][]) =>
      ask(name, block => ({ what: 'squares', of: of[block], from: from?.[block] }));
    for (const { level, weights, errors, inner, frozen, rate } of writes) {
      if (frozen) continue;
      const after = this.ofBlocks(level, weights);
      squares(`${level}.error`, this.ofBlocks(level, errors));
      if (rate === undefined) squares(`${level}.delta`, after, this.ofBlocks(level, this.state.tensors));
      squares(`${level}.weight`, after);
      squares(`${level}.drift`, after, this.ofBlocks(level, this.state.base.tensors));
      if (inner && level === 'projections') {
        ask(`${level}.lss`, block => ({ what: 'rowNorm', of: inner[block] }));
      }
    }
    ask('eta', block => ({ what: 'mean', of: [eta[block]] }));
    ask('alpha', block => ({ what: 'meanExponential', of: [logAlpha[block]] }));
    return measureAll(asked);
  }

  /** A level's tensors, a list for each block. */
  private ofBlocks(level: string, tensors: ReadonlyMap<string, tf.Tensor>): tf.Tensor[][] {
    const names = this.names.get(level)!;
    return names.map(block => block.map(name => tensors.get(name)!));
  }

  private measure(level: string): { weight: Float32Array; drift: Float32Array; base: Float32Array } {
    const norm = (...of: readonly ReadonlyMap<string, tf.Tensor>[]) =>
      tf.tidy(() => {
        const [x, y] = of.map(tensors => this.ofBlocks(level, tensors));
        return tf.sqrt(squaredNorms(x, y)).dataSync().slice() as Float32Array;
      });
    const { tensors, base } = this.state;
    const origin = norm(base.tensors);
    const drift = norm(tensors, base.tensors).map((d, i) => d / origin[i]);
    return { weight: norm(tensors), base: origin, drift };
  }
}
