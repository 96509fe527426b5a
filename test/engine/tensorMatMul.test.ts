import { beforeAll, describe, expect, it } from 'vitest';
import { openBackend } from '../../engine/tensor/backend.ts';
import { Random } from '../../engine/tensor/random.ts';
import { tf } from '../../engine/tensor/tf.ts';
import { filled, largestError } from './tensorReference.ts';

const random = new Random(11);
const size = (limit: number) => 1 + (random.next() % limit);

/** One product in float64: matrices of a batch at `offsetA`, `offsetB` elements. */
function product(
  [a, offsetA, transposeA]: [Float32Array, number, boolean],
  [b, offsetB, transposeB]: [Float32Array, number, boolean],
  [m, n, k]: number[],
): number[] {
  const out: number[] = [];
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let x = 0; x < k; x++) {
        const left = a[offsetA + (transposeA ? x * m + i : i * k + x)];
        sum += left * b[offsetB + (transposeB ? j * k + x : x * n + j)];
      }
      out.push(sum);
    }
  }
  return out;
}

interface Case {
  m: number;
  n: number;
  k: number;
  batchA: number;
  batchB: number;
}

function check({ m, n, k, batchA, batchB }: Case): void {
  for (const transposeA of [false, true]) {
    for (const transposeB of [false, true]) {
      const a = filled(random, batchA * m * k);
      const b = filled(random, batchB * n * k);
      const batch = Math.max(batchA, batchB);
      const expected: number[] = [];
      for (let i = 0; i < batch; i++) {
        const left = [a, batchA === 1 ? 0 : i * m * k, transposeA] as [Float32Array, number, boolean];
        const right = [b, batchB === 1 ? 0 : i * n * k, transposeB] as [Float32Array, number, boolean];
        for (const value of product(left, right, [m, n, k])) expected.push(value);
      }
      const got = tf.tidy(() => {
        const left = tf.tensor3d(a, transposeA ? [batchA, k, m] : [batchA, m, k]);
        const right = tf.tensor3d(b, transposeB ? [batchB, n, k] : [batchB, k, n]);
        const out = tf.matMul(left, right, transposeA, transposeB);
        expect(out.shape).toEqual([batch, m, n]);
        return out.dataSync();
      });
      const where = JSON.stringify({ m, n, k, batchA, batchB, transposeA, transposeB });
      expect(largestError(got, expected), where).toBeLessThan(2e-6 * Math.sqrt(k) + 1e-6);
    }
  }
}

describe('matrix product on wasm', () => {
  beforeAll(() => openBackend('wasm'));

  it('agrees with float64 loops at every remainder of the tile', () => {
    for (let m = 1; m <= 14; m++) {
      for (const n of [1, 2, 3, 4, 5, 7, 8, 9, 15, 17, 31, 33])
        check({ m, n, k: size(33), batchA: 1, batchB: 1 });
    }
    for (let k = 1; k <= 33; k++) check({ m: size(33), n: size(33), k, batchA: 1, batchB: 1 });
  });

  it('agrees on random shapes and batches, either side shared', () => {
    for (let i = 0; i < 25; i++) {
      const batch = size(5);
      const shape = { m: size(33), n: size(33), k: size(33) };
      check({ ...shape, batchA: batch, batchB: batch });
      check({ ...shape, batchA: batch, batchB: 1 });
      check({ ...shape, batchA: 1, batchB: batch });
    }
  });

  it('agrees where K and N exceed a packed block', () => {
    check({ m: 7, n: 523, k: 259, batchA: 1, batchB: 1 });
    check({ m: 21, n: 1027, k: 71, batchA: 1, batchB: 1 });
    check({ m: 18, n: 40, k: 530, batchA: 2, batchB: 2 });
    check({ m: 1, n: 300, k: 520, batchA: 2, batchB: 2 });
  });

  it('broadcasts several leading axes', () => {
    const a = filled(random, 2 * 3 * 4);
    const b = filled(random, 5 * 4 * 3);
    const out = tf.tidy(() =>
      tf.matMul(tf.tensor4d(a, [2, 1, 3, 4]), tf.tensor4d(b, [1, 5, 4, 3])).dataSync(),
    );
    const expected: number[] = [];
    for (let i = 0; i < 2; i++) {
      for (let j = 0; j < 5; j++)
        expected.push(...product([a, i * 12, false], [b, j * 12, false], [3, 3, 4]));
    }
    expect(largestError(out, expected)).toBeLessThan(2e-6);
  });

  it('gives zeros for an empty inner axis and an empty tensor for an empty batch', () => {
    tf.tidy(() => {
      expect(Array.from(tf.matMul(tf.zeros([2, 0]), tf.zeros([0, 3])).dataSync())).toEqual([
        0, 0, 0, 0, 0, 0,
      ]);
      expect(tf.matMul(tf.zeros([0, 2, 2]), tf.zeros([0, 2, 2])).shape).toEqual([0, 2, 2]);
    });
  });

  it('names the shapes when they do not fit', () => {
    expect(() => tf.matMul(tf.zeros([2, 3]), tf.zeros([4, 5]))).toThrow(/2,3.*4,5.*3 and 4 differ/);
  });
});

describe.each(['wasm', 'cpu'] as const)('gradient of the matrix product on %s', name => {
  beforeAll(() => openBackend(name));

  it.each<[string, number[], number[]]>([
    ['equal batches', [3, 4, 5], [3, 5, 2]],
    ['a shared right side', [3, 4, 5], [5, 2]],
    ['a shared right side of batch one', [3, 4, 5], [1, 5, 2]],
    ['a shared left side', [1, 4, 5], [3, 5, 2]],
    // The library's own product on cpu takes several broadcast axes for one and computes something else.
    ...(name === 'wasm' ? [['four axes', [2, 1, 4, 5], [1, 3, 5, 2]] as [string, number[], number[]]] : []),
  ])('agrees with finite differences for %s', (_, shapeA, shapeB) => {
    for (const transposeA of [false, true]) {
      for (const transposeB of [false, true]) {
        const flip = (shape: number[], flipped: boolean) =>
          flipped ? [...shape.slice(0, -2), shape.at(-1)!, shape.at(-2)!] : shape;
        const a = tf.tensor(filled(random, tf.util.sizeFromShape(shapeA)), flip(shapeA, transposeA));
        const b = tf.tensor(filled(random, tf.util.sizeFromShape(shapeB)), flip(shapeB, transposeB));
        const loss = (x: tf.Tensor, y: tf.Tensor) => {
          const out = tf.matMul(x, y, transposeA, transposeB);
          const weights = Float32Array.from({ length: out.size }, (_, i) => Math.sin(i + 1));
          return tf.sum(tf.mul(out, tf.tensor(weights, out.shape)));
        };
        const [gradA, gradB] = tf.grads((x, y) => loss(x, y))([a, b]);
        expect(gradA.shape).toEqual(a.shape);
        expect(gradB.shape).toEqual(b.shape);
        // The loss is linear in either side, so a large step is exact up to rounding.
        const numeric = (at: tf.Tensor, of: (x: tf.Tensor) => tf.Tensor) =>
          Array.from({ length: at.size }, (_, i) =>
            tf.tidy(() => {
              const step = tf.reshape(tf.oneHot(tf.tensor1d([i], 'int32'), at.size), at.shape);
              const up = of(tf.add(at, step)).dataSync()[0];
              return (up - of(tf.sub(at, step)).dataSync()[0]) / 2;
            }),
          );
        expect(
          largestError(
            gradA.dataSync(),
            numeric(a, x => loss(x, b)),
          ),
        ).toBeLessThan(2e-5);
        expect(
          largestError(
            gradB.dataSync(),
            numeric(b, y => loss(a, y)),
          ),
        ).toBeLessThan(2e-5);
        tf.dispose([a, b, gradA, gradB]);
      }
    }
  });
});
