import type { FastState } from '../model/fastState.ts';
import { METRIC_INDEX, METRICS, type Metric } from '../protocol/metric.ts';
import { type Measurement, measureAll } from '../tensor/measure.ts';
import type { tf } from '../tensor/tf.ts';
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

/** What a tick is measured by, and all its values, one after the other, while they are on the backend. */
export interface TelemetryColumns {
  readonly places: ReadonlyMap<string, Place>;
  readonly values: readonly tf.Tensor1D[];
}

/** What a write is measured by in each block, in the order of the measurement. */
const WRITE_NUMBERS = ['error', 'delta', 'weight', 'drift'] as const;

/** Turns writes into the numbers of an update. */
export class LevelTelemetry {
  /** Names of a level's tensors, a list for each block. */
  private readonly names: ReadonlyMap<string, readonly string[][]>;
  /** The base's tensors of each level, block after block. */
  private readonly bases: ReadonlyMap<string, readonly tf.Tensor[]>;
  /** By what a tick is measured by: ticks are alike. */
  private readonly places = new Map<string, TelemetryColumns['places']>();
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
    this.bases = new Map(levels.map(level => [level, this.ofBlocks(level, base.tensors).flat()]));
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
    const read = (key: string, block: number) => {
      const { at, step } = places.get(key)!;
      return values[at + block * step];
    };
    // Found once a level, not once a block: this is done each tick.
    const column = (key: string) => {
      const place = places.get(key);
      return place && ((block: number) => values[place.at + block * place.step]);
    };
    const [eta, alpha] = ['eta', 'alpha'].map(column);
    this.levels.forEach((level, l) => {
      const write = writes.find(each => each.level === level);
      const known = this.norms.get(level) ?? this.firstNorms(level, read);
      const fired = write && !write.frozen;
      const [error, delta, weight, drift] = WRITE_NUMBERS.map(name =>
        fired ? column(`${level}.${name}`) : undefined,
      );
      const lss = column(`${level}.lss`);
      const gated = level === 'memory' || level === 'projections';
      const pending = write ? 0 : (this.state.pending.get(level) ?? 0);
      for (let block = 0; block < blocks; block++) {
        const at = (block * this.levels.length + l) * METRICS.length;
        const put = (metric: Metric, value: number) => {
          metrics[at + METRIC_INDEX[metric]] = value;
        };
        if (fired) {
          known.weight[block] = Math.sqrt(weight!(block));
          known.drift[block] = Math.sqrt(drift!(block)) / known.base[block];
          const gradient = Math.sqrt(error!(block));
          put('gradientNorm', gradient);
          // Where the change is −rate · Σ g its norm needs no look at the weights.
          put('deltaNorm', write.rate === undefined ? Math.sqrt(delta!(block)) : write.rate * gradient);
        } else put('deltaNorm', 0);
        put('fired', fired ? 1 : 0);
        put('weightNorm', known.weight[block]);
        put('drift', known.drift[block]);
        put('pending', pending);
        if (lss) put('lss', lss(block));
        if (gated) {
          put('eta', eta!(block));
          put('alpha', alpha!(block));
        }
      }
    });
    return metrics;
  }

  /** What `record` needs of a tick; call in a tidy, before the writes are put in place. */
  columns(writes: readonly LevelWrite[], { taps, eta, logAlpha }: TickSignals): TelemetryColumns {
    const first = this.levels.filter(level => !this.norms.has(level));
    const changed = writes.filter(({ frozen }) => !frozen);
    const apart = changed.filter(({ measured }) => !measured);
    const asWritten = changed.filter(({ measured }) => measured);
    const inner = changed.find(({ level }) => level === 'projections')?.inner;
    const asked: Measurement[] = [
      { what: 'rowNorm', of: [taps], groups: taps.shape[0] },
      ...first.flatMap(level => this.start(level)),
      ...apart.map(write => this.ofWrite(write)),
      ...(inner ?? []).map((of): Measurement => ({ what: 'rowNorm', of })),
      ...eta.map((each): Measurement => ({ what: 'mean', of: [each] })),
      ...logAlpha.map((each): Measurement => ({ what: 'meanExponential', of: [each] })),
    ];
    const values = [measureAll(asked), ...asWritten.flatMap(({ measured }) => measured!)];
    const [here, there] = [apart, asWritten].map(some => some.map(({ level }) => level));
    const key = [first, here, there].join('; ');
    let places = this.places.get(key);
    if (!places) {
      places = this.placesOf(first, here, there, eta.length > 0);
      this.places.set(key, places);
    }
    return { places, values };
  }

  /** Of a level before its first tick: Σ W², Σ (W − W₀)² and Σ W₀², each of all blocks. */
  private start(level: string): Measurement[] {
    const [now, base] = [this.state, this.state.base].map(({ tensors }) => this.ofBlocks(level, tensors));
    return [
      ...now.map((of): Measurement => ({ what: 'squares', of })),
      ...now.map((of, block): Measurement => ({ what: 'squares', of, from: base[block] })),
      ...base.map((of): Measurement => ({ what: 'squares', of })),
    ];
  }

  private ofWrite({ level, weights, errors, rate }: LevelWrite): Measurement {
    const of = (tensors: ReadonlyMap<string, tf.Tensor>) => this.ofBlocks(level, tensors).flat();
    return {
      what: 'write',
      error: of(errors),
      before: rate === undefined ? of(this.state.tensors) : undefined,
      of: of(weights),
      base: this.bases.get(level)!,
      groups: this.state.base.config.blocks,
    };
  }

  /** Where `columns` has the numbers of what it was asked for, in its order. */
  private placesOf(
    first: readonly string[],
    apart: readonly string[],
    asWritten: readonly string[],
    gates: boolean,
  ): TelemetryColumns['places'] {
    const { blocks } = this.state.base.config;
    const places = new Map<string, Place>();
    let at = 0;
    /** Numbers of these names block by block, or name by name. */
    const place = (names: readonly string[], byBlock: boolean) => {
      names.forEach((name, i) => {
        places.set(name, byBlock ? { at: at + i, step: names.length } : { at: at + i * blocks, step: 1 });
      });
      at += names.length * blocks;
    };
    const surprised = ['memory', ...this.levels.filter(level => level.startsWith('cms.'))];
    place(
      surprised.map(level => `${level}.lss`),
      true,
    );
    for (const level of first) place([`${level}.start`, `${level}.away`, `${level}.base`], false);
    const placeWrite = (level: string) =>
      place(
        WRITE_NUMBERS.map(name => `${level}.${name}`),
        true,
      );
    apart.forEach(placeWrite);
    if ([...apart, ...asWritten].includes('projections')) place(['projections.lss'], false);
    if (gates) place(['eta', 'alpha'], false);
    asWritten.forEach(placeWrite);
    return places;
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
