import { beforeAll, describe, expect, test } from 'vitest';
import type { HopeConfig } from '../../engine/checkpoint/config.ts';
import { OBJECTIVES } from '../../engine/checkpoint/titansConfig.ts';
import { writeMemories } from '../../engine/model/memoryWrites.ts';
import type { Memories } from '../../engine/model/selfModifyingTitans.ts';
import { repeatedKeyFactor, stabilityOf } from '../../engine/model/stability.ts';
import { openBackend } from '../../engine/tensor/backend.ts';
import { tf } from '../../engine/tensor/tf.ts';
import { weights } from '../golden/values.ts';
import { smallConfig } from '../support/smallHope.ts';

const { titans } = smallConfig();
const WIDTH = 4;

describe('a key that keeps coming back', () => {
  beforeAll(async () => {
    await openBackend('cpu');
  });

  const cases = OBJECTIVES.flatMap(objective =>
    [true, false].flatMap(erase =>
      [1, 5, 16].map(chunk => ({ objective, erase, chunk, eta: 0.1 + 0.05 * (chunk % 3) })),
    ),
  );
  test.each(cases)('is answered by a factor a chunk: $objective, erase $erase, C $chunk', options => {
    const { objective, erase, chunk, eta } = options;
    tf.tidy(() => {
      const key = [0.5, -0.5, 0.5, 0.5];
      const k = tf.tensor3d([Array.from({ length: chunk }, () => key)]);
      const read = (memory: tf.Tensor3D) =>
        tf
          .matMul(tf.tensor3d([[key]]), memory, false, true)
          .dataSync()
          .slice();
      // What two memories answer differs by what the rule does not add, which is the same for both.
      const [first, second] = [1, 2].map(s => tf.tensor3d([weights(WIDTH, WIDTH, s)]));
      const written = [first, second].map(memory => {
        const memories: Memories = { memory: { w2: memory } };
        const generated = {
          ...{ k, v: tf.zerosLike(k) },
          eta: tf.fill<tf.Rank.R2>([1, chunk], eta),
          logAlpha: tf.zeros<tf.Rank.R2>([1, chunk]),
        };
        const { memory: write } = writeMemories(memories, ['memory'], generated, {
          ...{ gradientCeiling: Number.POSITIVE_INFINITY, objective, erase, sharedValues: true },
        });
        return write.weights.w2;
      });
      const before = read(tf.sub(first, second));
      const after = read(tf.sub(written[0], written[1]));
      const factor = repeatedKeyFactor({ ...titans, objective, erase }, eta, chunk);
      before.forEach((value, i) => {
        expect(after[i], `channel ${i}`).toBeCloseTo(factor * value, 5);
      });
    });
  });
});

test('the margin is that of the ceiling, a level', () => {
  const config = (change: Partial<HopeConfig['titans']>) =>
    smallConfig({ memory: 1, projections: 16, titans: change });
  const [memory, projections] = stabilityOf(config({ eta_ceiling: 0.3, memory: 'linear' }));
  expect(memory.factor).toBeCloseTo(0.1, 12);
  expect(memory.margin).toBeCloseTo(0.9, 12);
  // Gradients of a chunk's start add up: at 0.3 sixteen of them run away where one does not.
  expect(projections.margin).toBeLessThan(0);
  expect(stabilityOf(config({ eta_ceiling: 0.7 }))[0].margin).toBeLessThan(0);
  expect(stabilityOf(config({ eta_ceiling: 0.7, objective: 'half-l2' }))[0].margin).toBeCloseTo(0.6, 12);
  expect(stabilityOf(config({ adaptive: [], values: 'shared' })).length).toBe(1);
  // Heads that only sum up neither answer with an error that shrinks nor with one that grows.
  const { heads } = smallConfig();
  expect(stabilityOf(config({ eta_ceiling: 0.3, summing_heads: heads - 1 }))[0].factor).toBeCloseTo(0.1, 12);
  expect(stabilityOf(config({ eta_ceiling: 0.3, summing_heads: heads }))[0]).toMatchObject({
    factor: 1,
    margin: 0,
  });
  expect(stabilityOf({ ...config({}), system: 'transformer' })).toEqual([]);
});
