import { beforeAll, describe, expect, it } from 'vitest';
import { generate, type Memories } from '../../engine/model/selfModifyingTitans.ts';
import { measuredSgdSteps, sgdSteps } from '../../engine/optimizer/sgd.ts';
import { openBackend } from '../../engine/tensor/backend.ts';
import { owned } from '../../engine/tensor/continuumSum.ts';
import { fusedGenerate } from '../../engine/tensor/generate.ts';
import { measureAll } from '../../engine/tensor/measure.ts';
import {
  type ChunkTokens,
  fusedChunk,
  hasFusedChunk,
  measuredChunk,
  type Weights,
} from '../../engine/tensor/memoryChunk.ts';
import { Random } from '../../engine/tensor/random.ts';
import { tf } from '../../engine/tensor/tf.ts';
import { distance } from '../support/near.ts';
import { filled } from './tensorReference.ts';

const random = new Random(47);

describe.each(['cpu', 'wasm'] as const)('what a tick asks of %s', backend => {
  beforeAll(async () => {
    await openBackend(backend);
  });

  it('measures squares, row norms and means of tensors in the order they are asked for', () => {
    tf.tidy(() => {
      const [x, y, gates] = [6, 6, 5].map(length => filled(random, length * 4, 2));
      const other = filled(random, 12, 2);
      const [xs, ys] = [x, y].map(each => tf.tensor3d(each.slice(), [3, 2, 4]));
      const got = measureAll([
        { what: 'squares', of: [xs, ys] },
        { what: 'rowNorm', of: [xs], groups: 3 },
        { what: 'squares', of: [xs], from: [ys] },
        { what: 'rowNorm', of: [ys, tf.tensor3d(other.slice(), [3, 2, 2])] },
        { what: 'mean', of: [tf.tensor1d(gates.slice())] },
        { what: 'meanExponential', of: [tf.tensor1d(gates.slice())] },
      ]).dataSync();
      const sum = (of: number[]) => of.reduce((a, b) => a + b, 0);
      const squares = (of: Float32Array) => sum(Array.from(of, each => each ** 2));
      const row = (of: Float32Array, r: number, width: number) =>
        squares(of.subarray(r * width, (r + 1) * width));
      const rows = [0, 1, 2, 3, 4, 5];
      expect(got).toHaveLength(8);
      const expected = [
        squares(x) + squares(y),
        ...[0, 2, 4].map(r => (Math.sqrt(row(x, r, 4)) + Math.sqrt(row(x, r + 1, 4))) / 2),
        sum(Array.from(x, (each, i) => (each - y[i]) ** 2)),
        sum(rows.map(r => Math.sqrt(row(y, r, 4) + row(other, r, 2)))) / 6,
        sum([...gates]) / gates.length,
        sum(Array.from(gates, Math.exp)) / gates.length,
      ];
      expected.forEach((each, i) => {
        expect(Math.abs(got[i] - each), `number ${i}`).toBeLessThan(1e-5 * (1 + Math.abs(each)));
      });
    });
  });

  it.each([true, false])('measures a write at once, with the weights from before: %s', withBefore => {
    tf.tidy(() => {
      const lengths = [21, 1500];
      const [error, before, of, base] = [0, 1, 2, 3].map(() => lengths.map(length => filled(random, length)));
      const tensors = (arrays: Float32Array[]) => arrays.map(each => tf.tensor1d(each.slice()));
      const got = measureAll([
        { what: 'mean', of: [tf.tensor1d([7])] },
        {
          what: 'write',
          error: tensors(error),
          before: withBefore ? tensors(before) : undefined,
          of: tensors(of),
          base: tensors(base),
        },
      ]).dataSync();
      const squares = (x: Float32Array[], y?: Float32Array[]) =>
        x.reduce((sum, each, i) => each.reduce((s, value, j) => s + (value - (y?.[i][j] ?? 0)) ** 2, sum), 0);
      const step = withBefore ? squares(of, before) : 0;
      const expected = [7, squares(error), step, squares(of), squares(of, base)];
      expect(got).toHaveLength(5);
      expected.forEach((each, i) => {
        expect(Math.abs(got[i] - each), `number ${i}`).toBeLessThan(1e-5 * (1 + each));
      });
      const twice = (arrays: Float32Array[]) => [...tensors(arrays), ...tensors(arrays.toReversed())];
      const grouped = { error: twice(error), of: twice(of), base: twice(base), groups: 2 };
      const both = measureAll([
        { what: 'write', ...grouped, before: withBefore ? twice(before) : undefined },
      ]).dataSync();
      expect(distance(both, [...got.slice(1), ...got.slice(1)])).toBeLessThan(1e-6);
      // The same bits as one by one: a branch begins with norms that were not measured at a write.
      const [after, apart] = [of, base].map(tensors);
      const alone = measureAll([
        { what: 'squares', of: after },
        { what: 'squares', of: after, from: apart },
      ]).dataSync();
      expect([...got.slice(3)]).toEqual([...alone]);
    });
  });

  it('steps many tensors down their gradients', () => {
    tf.tidy(() => {
      const shapes = [[3, 5], [7], [2, 3, 4]];
      const [thetas, sums] = [0, 1].map(() =>
        shapes.map(shape => tf.tensor(filled(random, tf.util.sizeFromShape(shape)), shape)),
      );
      sgdSteps(thetas, sums, 0.3).forEach((next, i) => {
        expect(next.shape).toEqual(shapes[i]);
        const g = sums[i].dataSync();
        const expected = Array.from(thetas[i].dataSync(), (each, j) => each - 0.3 * g[j]);
        expect(distance(next.dataSync(), expected)).toBeLessThan(1e-6);
      });
    });
  });

  it('measures steps as they are made, to the bits of steps and of measuring apart', () => {
    tf.tidy(() => {
      // Of several blocks of 1,024 numbers, and of tails that no vector holds.
      const shapes = [[5, 1000], [7], [2, 3, 683], [1025]];
      const groups = [0, 0, 1, 1];
      const [thetas, sums, bases] = [0, 1, 2].map(() =>
        shapes.map(shape => tf.tensor(filled(random, tf.util.sizeFromShape(shape)), shape)),
      );
      const plain = sgdSteps(thetas, sums, 0.3);
      const both = measuredSgdSteps(thetas, sums, bases, 0.3, groups);
      // Where no kernel does it, measuring comes after.
      expect(both !== undefined).toBe(backend === 'wasm');
      if (!both) return;
      both.steps.forEach((step, i) => {
        expect(step.shape).toEqual(shapes[i]);
        expect(step.dataSync()).toEqual(plain[i].dataSync());
      });
      const apart = measureAll(
        [0, 1].map(group => {
          const of = (tensors: readonly tf.Tensor[]) => tensors.filter((_, i) => groups[i] === group);
          return { what: 'write' as const, error: of(sums), of: of(plain), base: of(bases) };
        }),
      );
      expect(both.measured.dataSync()).toEqual(apart.dataSync());
    });
  });

  it('measures a write of memories as it is made, to the bits of measuring apart', () => {
    // Where no kernel writes a chunk, measuring comes after.
    expect(hasFusedChunk()).toBe(backend === 'wasm');
    if (!hasFusedChunk()) return;
    tf.tidy(() => {
      const rows = () => tf.tensor3d(filled(random, 2 * 5 * 8), [2, 5, 8]);
      const memories = (outputs: readonly number[]) =>
        outputs.map(out => ({
          w1: tf.tensor3d(filled(random, 2 * out * 8), [2, out, 8]),
          w2: tf.tensor3d(filled(random, 2 * 8 * 8), [2, 8, 8]),
        }));
      const [before, bases] = [memories([8, 1]), memories([8, 1])];
      const gates = { eta: tf.fill([2, 5], 0.1), logAlpha: tf.fill([2, 5], -0.02) };
      const tokens = { k: rows(), v: rows(), ...gates } as ChunkTokens;
      const rule = { ceiling: 1, dotProduct: false };
      for (const q of [undefined, rows()]) {
        const { writes, measured } = measuredChunk({ ...tokens, q }, before, rule, bases);
        const plain = fusedChunk({ ...tokens, q }, before, { ...rule, subtracted: true });
        const parts = (of: readonly Weights[]) => of.flatMap(({ w1, w2 }) => [w1, w2]);
        const apart = measureAll([
          {
            what: 'write',
            error: parts(plain.map(write => write.subtracted!)),
            before: parts(before),
            of: parts(plain.map(write => write.weights)),
            base: parts(bases),
          },
        ]);
        expect(measured!.dataSync()).toEqual(apart.dataSync());
        expect(Math.min(...measured!.dataSync())).toBeGreaterThan(0);
        writes.forEach((write, i) => {
          expect(write.surprise.dataSync()).toEqual(plain[i].surprise.dataSync());
          expect(write.read?.dataSync()).toEqual(plain[i].read?.dataSync());
        });
      }
    });
  });

  it('gives a tensor that something else holds memory of its own, and only that', () => {
    const alone = tf.tensor1d([1, 2, 3]);
    expect(owned(alone)).toBe(alone);
    const held = alone.clone();
    const mine = owned(alone);
    expect(mine).not.toBe(alone);
    expect(mine.dataId).not.toBe(held.dataId);
    expect(Array.from(mine.dataSync())).toEqual([1, 2, 3]);
    tf.dispose([held, mine]);
  });
});

it.each([true, false])(
  'generates keys, values and gates as the expression does, keys normed: %s',
  async qkNorm => {
    const [groups, tokens, width] = [3, 5, 6];
    const options = {
      ...{ memoryPeriod: 4, projectionsPeriod: 8, gradientCeiling: 1, qkNorm },
      ...{ etaScale: 1.5, etaBias: -1, etaCeiling: 0.5, alphaBias: 2 },
    };
    const sizes = { k: width, v: width, eta: 1, alpha: 1, memory: width };
    const x = filled(random, groups * tokens * width);
    const weights = Object.entries(sizes).map(([name, outputs]) => ({
      name,
      w1: [filled(random, groups * outputs * width), outputs] as const,
      w2: [filled(random, groups * width * width), width] as const,
    }));
    const run = async (
      backend: 'cpu' | 'wasm',
      make: (memories: Memories, x: tf.Tensor3D, of: typeof options) => object,
    ) => {
      await openBackend(backend);
      return tf.tidy(() => {
        const tensor = ([data, rows]: readonly [Float32Array, number]) =>
          tf.tensor3d(data.slice(), [groups, rows, width]);
        const memories = Object.fromEntries(
          weights.map(({ name, w1, w2 }) => [name, { w1: tensor(w1), w2: tensor(w2) }]),
        ) as unknown as Memories;
        const made = make(memories, tensor([x, tokens]), options);
        return (Object.entries(made) as [string, tf.Tensor][]).map(([name, each]) => ({
          name,
          shape: each.shape,
          data: each.dataSync() as Float32Array,
        }));
      });
    };
    const expected = await run('cpu', generate);
    const got = await run('wasm', (memories, input, of) => fusedGenerate(memories as never, input, of)!);
    expect(got.map(({ name, shape }) => [name, shape])).toEqual(
      expected.map(({ name, shape }) => [name, shape]),
    );
    got.forEach(({ name, data }, i) => {
      expect(distance(data, expected[i].data), name).toBeLessThan(1e-5);
    });
    const data = Array.from(expected[2].data as Float32Array);
    expect(data.some(each => each === 0.5) && data.some(each => each < 0.5), 'some η at the ceiling').toBe(
      true,
    );
  },
);
