import type { FastState } from '../model/fastState.ts';
import { memoryName } from '../model/optimizerMemory.ts';
import { levelOptimizer } from '../optimizer/levelOptimizer.ts';
import { readBack } from '../tensor/readBack.ts';
import { tf } from '../tensor/tf.ts';
import type { LevelWrite } from './levelWrites.ts';

/** What the write of a level did to one memory of its optimizer in a block: a level of its own, as §4 sees it. */
export interface OptimizerUpdate {
  readonly level: string;
  readonly block: number;
  /** Name of the memory, all tensors of the level together. */
  readonly memory: string;
  /** ‖m‖_F after the write. */
  readonly norm: number;
  /** ‖Δm‖_F of the write. */
  readonly deltaNorm: number;
  /** ‖∇‖_F of its inner objective before the write; NaN for a memory that answers nothing. */
  readonly surprise: number;
}

/** A memory of one tensor, before and after a write. */
interface Place {
  readonly key: string;
  readonly values: readonly tf.Tensor[];
}

/** Measures the memories of the optimizers that the writes of a tick change; call before they are put in place. */
export async function optimizerUpdates(
  state: FastState,
  writes: readonly LevelWrite[],
): Promise<OptimizerUpdate[]> {
  const keys: string[] = [];
  const read = await readBack(() => {
    const places = writes.flatMap(write => placesOf(state, write));
    keys.push(...places.map(({ key }) => key));
    const none = tf.scalar(Number.NaN);
    return places.length ? tf.stack(places.flatMap(({ values }) => values)) : none;
  });
  const groups = Map.groupBy(keys.keys(), i => keys[i]);
  return [...groups].map(([key, at]) => {
    const [level, block, memory] = JSON.parse(key) as [string, number, string];
    const size = (which: number) => Math.sqrt(at.reduce((sum, i) => sum + read[3 * i + which], 0));
    return { level, block, memory, norm: size(0), deltaNorm: size(1), surprise: size(2) };
  });
}

/** Squares of the three numbers of every memory that a write changes. */
function placesOf(state: FastState, { level, optimizer, errors }: LevelWrite): Place[] {
  if (!optimizer?.size) return [];
  const config = state.base.config.cms.optimizers?.[Number(level.slice('cms.'.length))];
  const squared = (x: tf.Tensor) => tf.sum(tf.square(x));
  return state.specs
    .filter(spec => spec.level === level)
    .flatMap(({ name, shape, block }) => {
      const chosen = config && levelOptimizer(config);
      const memories = chosen?.memories(shape) ?? { momentum: shape };
      const before = Object.fromEntries(
        Object.entries(memories).map(([memory, extent]) => {
          const known = state.optimizer.get(memoryName(name, memory));
          return [memory, known ?? tf.zeros([...extent])];
        }),
      );
      return Object.keys(memories).flatMap((memory): Place[] => {
        const after = optimizer.get(memoryName(name, memory));
        if (!after) return [];
        const surprise = chosen ? chosen.surprise(memory, errors.get(name)!, before) : errors.get(name);
        return [
          {
            key: JSON.stringify([level, block, memory]),
            values: [
              squared(after),
              squared(tf.sub(after, before[memory])),
              surprise ? squared(surprise) : tf.scalar(Number.NaN),
            ],
          },
        ];
      });
    });
}
