import type { FastState } from '../model/fastState.ts';
import { type MemoryWrite, memoryName } from '../model/optimizerMemory.ts';
import { levelOptimizer } from '../optimizer/levelOptimizer.ts';
import { type Measurement, measureAll } from '../tensor/measure.ts';
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
  /** Squares of its norm, its change and, where it answers anything, its surprise. */
  readonly asked: readonly Measurement[];
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
    return measureAll(places.flatMap(({ asked }) => asked));
  });
  let at = 0;
  return places.map(({ asked, ...place }) => {
    const [norm, deltaNorm, surprise = Number.NaN] = read.slice(at, at + asked.length).map(Math.sqrt);
    at += asked.length;
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
  const squares = (of: tf.Tensor, from?: tf.Tensor): Measurement => ({
    what: 'squares',
    of: [of],
    from: from && [from],
  });
  return state.specs
    .filter(spec => spec.level === level)
    .flatMap(({ name: tensor, shape, block }) => {
      const chosen = config && levelOptimizer(config);
      const memories = chosen?.memories(shape, state.base.config.width) ?? { momentum: shape };
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
        const asked = [
          squares(after),
          squares(after, before[memory]),
          ...(surprise ? [squares(surprise)] : []),
        ];
        return [{ level, block, memory, name, asked }];
      });
    });
}
