import { type HopeConfig, levelsOf } from '../checkpoint/config.ts';
import type { FastState } from '../model/fastState.ts';
import { isOfChunk, memoryName } from '../model/optimizerMemory.ts';
import { parameterSpecs } from '../model/parameters.ts';
import { levelOptimizer } from '../optimizer/levelOptimizer.ts';
import type { LevelInfo } from '../protocol/level.ts';
import { METRIC_INDEX, METRICS } from '../protocol/metric.ts';
import { measureAll } from '../tensor/measure.ts';
import { readBack } from '../tensor/readBack.ts';
import type { OptimizerUpdate } from './optimizerUpdates.ts';

/** A memory that is a level: whose optimizer's, and which. */
interface Memory {
  readonly level: string;
  readonly memory: string;
}

/**
 * The memories of the levels' optimizers as levels: what outlives a chunk and is no counter. They have the period of the
 * level that is written through them. Plain gradient descent has none.
 */
export function memoryLevels(config: HopeConfig): LevelInfo[] {
  const specs = parameterSpecs(config);
  return levelsOf(config).flatMap(({ id, period }) => {
    const own = specs.filter(({ level }) => level === id);
    const names = new Set(own.flatMap(({ shape }) => memoriesOf(config, id, shape)));
    return [...names].map(name => ({ id: `${id}.${name}`, period }) as LevelInfo);
  });
}

function memoriesOf({ titans, cms, width }: HopeConfig, level: string, shape: readonly number[]): string[] {
  if (level === 'outer') return [];
  if (!level.startsWith('cms.')) return titans.momentum ? ['momentum'] : [];
  const optimizer = cms.optimizers?.[Number(level.slice('cms.'.length))];
  if (!optimizer) return [];
  const memories = Object.entries(levelOptimizer(optimizer).memories(shape, width));
  return memories.filter(([name, extent]) => !isOfChunk(name) && extent.length > 0).map(([name]) => name);
}

/** The levels that a run tells of, fast to slow: those of the model, then the memories of their optimizers. */
export function recordedLevels(config: HopeConfig): LevelInfo[] {
  return [...levelsOf(config).filter(({ id }) => id !== 'outer'), ...memoryLevels(config)];
}

const WIDTH = METRICS.length;
const { fired, deltaNorm, weightNorm, lss, pending } = METRIC_INDEX;

const keyOf = (block: number, level: string, memory: string): string => `${block} ${level} ${memory}`;

/** Puts what writes did to the memories behind the numbers of the levels. */
export class MemoryMetrics {
  private readonly memories: readonly Memory[];
  private readonly own: readonly string[];
  /** ‖m‖ now, a block and memory; empty until it is measured. */
  private readonly norms = new Map<string, number>();

  constructor(private readonly config: HopeConfig) {
    this.own = levelsOf(config)
      .map(({ id }) => id as string)
      .filter(id => id !== 'outer');
    this.memories = memoryLevels(config).map(({ id }) => {
      const at = id.lastIndexOf('.');
      return { level: id.slice(0, at), memory: id.slice(at + 1) };
    });
  }

  /** Measures what is remembered before the first update, once. Without memories it costs nothing. */
  async begin({ specs, optimizer }: FastState): Promise<void> {
    if (this.memories.length === 0 || this.norms.size > 0) return;
    const places = this.memories.flatMap(({ level, memory }) =>
      specs
        .filter(spec => spec.level === level)
        .flatMap(({ name, block }) => {
          const m = optimizer.get(memoryName(name, memory));
          return m ? [{ key: keyOf(block, level, memory), m }] : [];
        }),
    );
    const read = () => measureAll(places.map(({ m }) => ({ what: 'squares', of: [m] })));
    // Rounded as those of later writes are.
    const norms = places.length ? (await readBack(read)).map(Math.sqrt) : [];
    for (let block = 0; block < this.config.blocks; block++) {
      for (const { level, memory } of this.memories) {
        const key = keyOf(block, level, memory);
        const parts = places.flatMap((place, i) => (place.key === key ? [norms[i]] : []));
        this.norms.set(key, Math.hypot(...parts));
      }
    }
  }

  /**
   * @param metrics of the model's levels, `[blocks, levels, METRICS.length]`
   * @param written levels whose memories a write went through @param updates what it did to them, where it was measured
   * @returns the same with the memories' after each block's levels
   */
  widen(
    metrics: Float32Array,
    written: ReadonlySet<string>,
    updates: readonly OptimizerUpdate[],
  ): Float32Array {
    if (this.memories.length === 0) return metrics;
    const { blocks } = this.config;
    const group = this.own.length * WIDTH;
    const wide = new Float32Array(blocks * (this.own.length + this.memories.length) * WIDTH).fill(Number.NaN);
    for (let block = 0; block < blocks; block++) {
      const start = block * (this.own.length + this.memories.length) * WIDTH;
      wide.set(metrics.subarray(block * group, (block + 1) * group), start);
      this.memories.forEach(({ level, memory }, m) => {
        const at = start + group + m * WIDTH;
        const owner = start + this.own.indexOf(level) * WIDTH;
        const found = updates.find(
          update => update.level === level && update.block === block && update.memory === memory,
        );
        const key = keyOf(block, level, memory);
        if (found) this.norms.set(key, found.norm);
        wide[at + fired] = written.has(level) ? 1 : 0;
        if (found) {
          wide[at + deltaNorm] = found.deltaNorm;
          wide[at + lss] = found.surprise;
        } else if (!written.has(level)) wide[at + deltaNorm] = 0;
        wide[at + weightNorm] = this.norms.get(key) ?? Number.NaN;
        wide[at + pending] = wide[owner + pending];
      });
    }
    return wide;
  }
}
