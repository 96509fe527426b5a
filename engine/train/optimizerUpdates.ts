import type { FastState } from '../model/fastState.ts';
import { type MemoryWrite, memoryName } from '../model/optimizerMemory.ts';
import { levelOptimizer } from '../optimizer/levelOptimizer.ts';
import { readBack } from '../tensor/readBack.ts';
import { tf } from '../tensor/tf.ts';
import type { LevelWrite } from './levelWrites.ts';

/** What the write of a level did to one memory of its optimizer in a block: a level of its own, as §4 sees it. */
export interface OptimizerUpdate extends MemoryWrite {
  readonly level: string;
  readonly block: number;
  /** Name of the memory, all tensors of the level together. */
  readonly memory: string;
  /** ‖m‖_F after the write. */
  readonly norm: number;
}

/** The same of its memory of one tensor. */
export interface TensorMemoryUpdate extends OptimizerUpdate {
  /** `memoryName` of the two. */
  readonly name: string;
}

/** A memory of one tensor, before and after a write. */
interface Place extends Pick<TensorMemoryUpdate, 'level' | 'block' | 'memory' | 'name'> {
  /** Squares of its norm, its change and its surprise. */
  readonly values: readonly tf.Tensor[];
}

/**
 * Measures the memories of the optimizers that the writes of a tick change; call before they are put in place. Ticks
 * that write no level with such an optimizer cost nothing.
 */
export async function memoryUpdates(
  state: FastState,
  writes: readonly LevelWrite[],
): Promise<TensorMemoryUpdate[]> {
  if (!writes.some(({ optimizer }) => optimizer?.size)) return [];
  let places: Place[] = [];
  const read = await readBack(() => {
    places = writes.flatMap(write => placesOf(state, write));
    return places.length ? tf.stack(places.flatMap(({ values }) => values)) : tf.zeros([0]);
  });
  return places.map(({ values: _, ...place }, i) => {
    const [norm, deltaNorm, surprise] = read.slice(3 * i, 3 * i + 3).map(Math.sqrt);
    return { ...place, norm, deltaNorm, surprise };
  });
}

/** All tensors of a level in a block together. */
export function optimizerUpdates(updates: readonly TensorMemoryUpdate[]): OptimizerUpdate[] {
  const groups = Map.groupBy(updates, ({ level, block, memory }) => JSON.stringify([level, block, memory]));
  return [...groups.values()].map(group => {
    const size = (of: 'norm' | 'deltaNorm' | 'surprise') => Math.hypot(...group.map(update => update[of]));
    const [{ level, block, memory }] = group;
    return {
      level,
      block,
      memory,
      norm: size('norm'),
      deltaNorm: size('deltaNorm'),
      surprise: size('surprise'),
    };
  });
}

function placesOf(state: FastState, { level, optimizer, errors }: LevelWrite): Place[] {
  if (!optimizer?.size) return [];
  const config = state.base.config.cms.optimizers?.[Number(level.slice('cms.'.length))];
  const squared = (x: tf.Tensor) => tf.sum(tf.square(x));
  return state.specs
    .filter(spec => spec.level === level)
    .flatMap(({ name: tensor, shape, block }) => {
      const chosen = config && levelOptimizer(config);
      const memories = chosen?.memories(shape) ?? { momentum: shape };
      const before = Object.fromEntries(
        Object.entries(memories).map(([memory, extent]) => {
          const known = state.optimizer.get(memoryName(tensor, memory));
          return [memory, known ?? tf.zeros([...extent])];
        }),
      );
      return Object.keys(memories).flatMap((memory): Place[] => {
        const name = memoryName(tensor, memory);
        const after = optimizer.get(name);
        if (!after) return [];
        const surprise = chosen ? chosen.surprise(memory, errors.get(tensor)!, before) : errors.get(tensor);
        const values = [
          squared(after),
          squared(tf.sub(after, before[memory])),
          surprise ? squared(surprise) : tf.scalar(Number.NaN),
        ];
        return [{ level, block, memory, name, values }];
      });
    });
}
