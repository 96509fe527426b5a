import { beforeAll, describe, expect, it } from 'vitest';
import { continuumLevel } from '../../engine/model/continuumMemory.ts';
import { localConvolution } from '../../engine/model/localConvolution.ts';
import { openBackend } from '../../engine/tensor/backend.ts';
import { l2Normalize, layerNorm, rmsNorm } from '../../engine/tensor/norm.ts';
import { Random } from '../../engine/tensor/random.ts';
import { silu } from '../../engine/tensor/silu.ts';
import { finiteness, squaredNorms } from '../../engine/tensor/squares.ts';
import { tf } from '../../engine/tensor/tf.ts';
import { distance } from '../support/near.ts';
import { filled } from './tensorReference.ts';

const random = new Random(31);
type Run = (...inputs: tf.Tensor[]) => tf.Tensor;
type Plain = (inputs: readonly Float64Array[], width: number) => number[];
const rowsOf = (x: Float64Array, width: number) =>
  Array.from({ length: x.length / width }, (_, i) => [...x.subarray(i * width, (i + 1) * width)]);
const mean = (x: number[]) => x.reduce((sum, each) => sum + each, 0) / x.length;
const byRows =
  (row: (x: number[], rest: readonly Float64Array[]) => number[]): Plain =>
  ([x, ...rest], width) =>
    rowsOf(x, width).flatMap(each => row(each, rest));

/** What runs on the backend, the same in float64, and how many vectors [D] it takes beside x [N, D]. */
const OPERATIONS: Record<string, [Run, Plain, number]> = {
  'layer norm': [
    (x, weight, bias) => layerNorm(x as tf.Tensor2D, weight as tf.Tensor1D, bias as tf.Tensor1D),
    byRows((x, [weight, bias]) => {
      const centre = mean(x);
      const variance = mean(x.map(each => (each - centre) ** 2));
      return x.map((each, i) => ((each - centre) / Math.sqrt(variance + 1e-5)) * weight[i] + bias[i]);
    }),
    2,
  ],
  'RMS norm': [
    (x, weight) => rmsNorm(x, weight as tf.Tensor1D),
    byRows((x, [weight]) => {
      const size = Math.sqrt(mean(x.map(each => each * each)) + 1e-5);
      return x.map((each, i) => (each / size) * weight[i]);
    }),
    1,
  ],
  'L2 norm': [x => l2Normalize(x), byRows(x => x.map(each => each / Math.hypot(...x))), 0],
  SiLU: [x => silu(x), byRows(x => x.map(each => each / (1 + Math.exp(-each)))), 0],
  softmax: [
    x => tf.softmax(x),
    byRows(x => {
      const total = x.reduce((sum, each) => sum + Math.exp(each), 0);
      return x.map(each => Math.exp(each) / total);
    }),
    0,
  ],
};

describe.each(['wasm', 'cpu'] as const)('layers on %s', backend => {
  beforeAll(async () => {
    await openBackend(backend);
  });

  it.each(Object.keys(OPERATIONS))(
    '%s is that of float64 loops, its gradient that of finite differences',
    name => {
      const [run, plain, vectors] = OPERATIONS[name];
      for (const [rows, width] of [
        [1, 2],
        [3, 5],
        [2, 8],
        [5, 33],
      ]) {
        const values = [
          filled(random, rows * width, 2),
          ...Array.from({ length: vectors }, () => filled(random, width, 2)),
        ];
        const wide = values.map(each => Float64Array.from(each));
        const upstream = filled(random, rows * width);
        const where = `[${rows}, ${width}]`;
        tf.tidy(() => {
          const inputs = values.map((each, i) => tf.tensor(each.slice(), i === 0 ? [rows, width] : [width]));
          expect(distance(run(...inputs).dataSync(), plain(wide, width)), where).toBeLessThan(2e-6);
          const loss = (...xs: tf.Tensor[]) =>
            tf.sum(tf.mul(run(...xs), tf.tensor(upstream, [rows, width]))) as tf.Scalar;
          const lossOf = (xs: Float64Array[]) =>
            plain(xs, width).reduce((sum, each, i) => sum + each * upstream[i], 0);
          tf.grads(loss)(inputs).forEach((gradient, i) => {
            expect(gradient.shape).toEqual(inputs[i].shape);
            const numeric = wide[i].map((_, at) => {
              const moved = (by: number) =>
                lossOf(wide.map((each, j) => (j === i ? each.map((v, k) => (k === at ? v + by : v)) : each)));
              return (moved(1e-6) - moved(-1e-6)) / 2e-6;
            });
            const got = gradient.dataSync();
            const size = Math.hypot(...numeric);
            // A row of two has a layer norm of ±1, which hardly depends on x.
            const error = Math.hypot(...got.map((g, at) => g - numeric[at]));
            expect(error, `gradient ${i} of ${name} ${where}`).toBeLessThan(2e-5 * (1 + size));
          });
        });
      }
    },
  );

  it('keeps softmax finite for large logits', () => {
    const values = tf.tidy(() => tf.softmax(tf.tensor2d([[1e4, -1e4, 1e4]])).dataSync());
    expect(Array.from(values)).toEqual([0.5, 0, 0.5]);
  });

  it('sums squares and distances of groups of tensors', () => {
    tf.tidy(() => {
      const lengths = [1, 3, 1025, 2050];
      const [xs, ys] = [0, 1].map(() => lengths.map(length => filled(random, length, 2)));
      const sum = (from: number, of: (i: number, j: number) => number) =>
        [from, from + 1].reduce((total, i) => total + xs[i].reduce((s, _, j) => s + of(i, j) ** 2, 0), 0);
      const groups = (all: Float32Array[]) =>
        [all.slice(0, 2), all.slice(2)].map(g => g.map(x => tf.tensor1d(x)));
      const norms = squaredNorms(groups(xs)).dataSync();
      expect(distance(norms, [sum(0, (i, j) => xs[i][j]), sum(2, (i, j) => xs[i][j])])).toBeLessThan(1e-6);
      const apart = squaredNorms(groups(xs), groups(ys)).dataSync();
      const expected = [0, 2].map(from => sum(from, (i, j) => xs[i][j] - ys[i][j]));
      expect(distance(apart, expected)).toBeLessThan(1e-6);
    });
  });

  it('finds a number that is not finite wherever it stands', () => {
    tf.tidy(() => {
      const allFinite = (tensors: tf.Tensor[]) => finiteness(tensors).dataSync()[0] === 1;
      expect(allFinite([])).toBe(true);
      const large = tf.fill([9], 3e38);
      expect(allFinite([large, tf.zeros([3, 3])])).toBe(true);
      for (const broken of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
        for (const at of [0, 4, 8]) {
          const values = Float32Array.from({ length: 9 }, (_, i) => (i === at ? broken : -1));
          expect(allFinite([large, tf.tensor1d(values)]), `${broken} at ${at}`).toBe(false);
        }
      }
    });
  });
});

/** Values and gradients of a run on one backend, as plain arrays. */
async function onBackend(backend: 'cpu' | 'wasm', run: Run, values: Float32Array[], shapes: number[][]) {
  await openBackend(backend);
  return tf.tidy(() => {
    const inputs = values.map((each, i) => tf.tensor(each.slice(), shapes[i]));
    const loss = (...xs: tf.Tensor[]) => tf.sum(tf.sin(run(...xs))) as tf.Scalar;
    return [run(...inputs), ...tf.grads(loss)(inputs)].map(each => each.dataSync().slice());
  });
}

describe('fused layers', () => {
  it.each([
    [1, 3, 5],
    [4, 8, 16],
    [7, 12, 50],
    [40, 16, 64],
  ])('a continuum level of %d tokens, D %d, H %d is the composed one', async (rows, width, hidden) => {
    const shapes = [[rows, width], [width], [width], [hidden, width], [hidden], [width, hidden], [width]];
    const values = shapes.map(shape => filled(random, tf.util.sizeFromShape(shape)));
    const run: Run = (x, weight, bias, expand, expandBias, contract, contractBias) =>
      continuumLevel(x as tf.Tensor2D, {
        norm: { weight: weight as tf.Tensor1D, bias: bias as tf.Tensor1D },
        expand: expand as tf.Tensor2D,
        expandBias: expandBias as tf.Tensor1D,
        contract: contract as tf.Tensor2D,
        contractBias: contractBias as tf.Tensor1D,
      });
    const expected = await onBackend('cpu', run, values, shapes);
    const got = await onBackend('wasm', run, values, shapes);
    expect(tf.getKernel('HopeContinuum', 'wasm')).toBeDefined();
    got.forEach((each, i) => {
      expect(distance(each, expected[i]), `result ${i}`).toBeLessThan(1e-5);
    });
  });

  it.each([
    [1, 1, 4, 4],
    [1, 6, 5, 4],
    [3, 5, 8, 3],
    [2, 2, 6, 4],
    [2, 3, 4, 1],
  ])(
    'a convolution of %d × %d tokens, D %d, K %d is the composed one',
    async (batch, tokens, width, taps) => {
      const shapes = [
        [batch, tokens, width],
        [width, 1, taps],
        [batch, taps - 1, width],
      ];
      const values = shapes.map(shape => filled(random, tf.util.sizeFromShape(shape)));
      const since = Int32Array.from({ length: batch * tokens }, (_, i) => (i * 3) % 5);
      for (const part of ['out', 'tail'] as const) {
        if (part === 'tail' && taps === 1) continue;
        const inputs = taps === 1 ? 2 : 3;
        const run: Run = (x, weight, tail = tf.zeros(shapes[2])) => {
          const result = localConvolution(
            x as tf.Tensor3D,
            weight as tf.Tensor3D,
            tail as tf.Tensor3D,
            since,
          );
          // Every input leads to the loss, also where the next tail holds none of the last one.
          const all = tf.add(tf.mul(tf.sum(weight), 0.1), tf.mul(tf.add(tf.sum(x), tf.sum(tail)), 0.1));
          return tf.add(result[part], all);
        };
        const expected = await onBackend('cpu', run, values.slice(0, inputs), shapes);
        const got = await onBackend('wasm', run, values.slice(0, inputs), shapes);
        got.forEach((each, i) => {
          expect(distance(each, expected[i]), `result ${i} of ${part}`).toBeLessThan(1e-5);
        });
      }
    },
  );
});
