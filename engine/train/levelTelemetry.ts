import type { FastState } from '../model/fastState.ts';
import { METRIC_INDEX, METRICS, type Metric } from '../protocol/metric.ts';
import { type Measurement, measureAll } from '../tensor/measure.ts';
import { tf } from '../tensor/tf.ts';
import type { LevelWrite } from './levelWrites.ts';

/** Surprise and gates of one tick, which every tick has whether or not a level fires. */
export interface TickSignals {
  /** ∇_y L at the memories' output and at every CMS level's, one after the other a block: [blocks × (1 + K), T, D]. */
  readonly taps: tf.Tensor3D;
  /** η of each block that has memories, [heads, T]. */
  readonly eta: readonly tf.Tensor2D[];
  /** log α of each block, [heads, T]. */
  readonly logAlpha: readonly tf.Tensor2D[];
}

/** Where the numbers of a name are among a tick's values: that of the first block, and the step to the next one's. */
interface Place {
  readonly at: number;
  readonly step: number;
}

/** What a tick is measured by, and all its values while they are on the backend. */
export interface TelemetryColumns {
  readonly places: ReadonlyMap<string, Place>;
  readonly values: tf.Tensor1D;
}

/** What a write is measured by in each block, in the order of the measurement. */
const WRITE_NUMBERS = ['error', 'delta', 'weight', 'drift'] as const;

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
   * @param places, values of the tick's columns
   */
  record(
    writes: readonly LevelWrite[],
    places: TelemetryColumns['places'],
    values: Float32Array,
  ): Float32Array {
    const { blocks } = this.state.base.config;
    const metrics = new Float32Array(blocks * this.levels.length * METRICS.length).fill(Number.NaN);
    const put = (block: number, level: number, metric: Metric, value: number) => {
      metrics[(block * this.levels.length + level) * METRICS.length + METRIC_INDEX[metric]] = value;
    };
    const read = (key: string, block: number) => {
      const { at, step } = places.get(key)!;
      return values[at + block * step];
    };
    const fired = new Map(writes.filter(write => !write.frozen).map(write => [write.level, write]));
    const closed = new Set(writes.map(write => write.level));
    this.levels.forEach((level, l) => {
      const known = this.norms.get(level) ?? this.firstNorms(level, read);
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
        if (places.has(`${level}.lss`)) put(block, l, 'lss', read(`${level}.lss`, block));
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
    const asked: Measurement[] = [];
    const places = new Map<string, Place>();
    const { blocks } = this.state.base.config;
    const outputs = taps.shape[0] / blocks;
    ['memory', ...this.levels.filter(level => level.startsWith('cms.'))].forEach((level, at) => {
      places.set(`${level}.lss`, { at, step: outputs });
    });
    asked.push({ what: 'rowNorm', of: [taps], groups: blocks * outputs });
    let at = blocks * outputs;
    const ask = (name: string, ofBlock: (block: number) => Measurement) => {
      places.set(name, { at, step: 1 });
      at += blocks;
      for (let block = 0; block < blocks; block++) asked.push(ofBlock(block));
    };
    const placeWrite = (level: string) => {
      for (const [i, name] of WRITE_NUMBERS.entries()) {
        places.set(`${level}.${name}`, { at: at + i, step: WRITE_NUMBERS.length });
      }
      at += WRITE_NUMBERS.length * blocks;
    };
    const squares = (name: string, of: tf.Tensor[][], from?: tf.Tensor[][]) =>
      ask(name, block => ({ what: 'squares', of: of[block], from: from?.[block] }));
    for (const level of this.levels.filter(each => !this.norms.has(each))) {
      const [now, base] = [this.state, this.state.base].map(({ tensors }) => this.ofBlocks(level, tensors));
      squares(`${level}.start`, now);
      squares(`${level}.away`, now, base);
      squares(`${level}.base`, base);
    }
    const measured: [string, tf.Tensor1D][] = [];
    for (const write of writes) {
      const { level, weights, errors, inner, frozen, rate } = write;
      if (frozen) continue;
      if (write.measured) {
        measured.push([level, write.measured]);
        continue;
      }
      const [after, error] = [weights, errors].map(tensors => this.ofBlocks(level, tensors));
      const before = rate === undefined ? this.ofBlocks(level, this.state.tensors) : undefined;
      const base = this.ofBlocks(level, this.state.base.tensors);
      placeWrite(level);
      for (let block = 0; block < blocks; block++) {
        asked.push({
          what: 'write',
          error: error[block],
          before: before?.[block],
          of: after[block],
          base: base[block],
        });
      }
      if (inner && level === 'projections') {
        ask(`${level}.lss`, block => ({ what: 'rowNorm', of: inner[block] }));
      }
    }
    if (eta.length) {
      ask('eta', block => ({ what: 'mean', of: [eta[block]] }));
      ask('alpha', block => ({ what: 'meanExponential', of: [logAlpha[block]] }));
    }
    const values = measureAll(asked);
    if (!measured.length) return { places, values };
    for (const [level] of measured) placeWrite(level);
    return { places, values: tf.concat1d([values, ...measured.map(([, numbers]) => numbers)]) };
  }

  /** Whether all new weights of a level are finite; where it is not true, they may be, but are very large. */
  surelyFinite(
    { level, frozen }: LevelWrite,
    places: TelemetryColumns['places'],
    values: Float32Array,
  ): boolean {
    if (frozen) return true;
    const { at, step } = places.get(`${level}.weight`)!;
    const { blocks } = this.state.base.config;
    return Array.from({ length: blocks }, (_, block) => values[at + block * step]).every(Number.isFinite);
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
