import { beforeAll, describe, expect, it } from 'vitest';
import { openBackend } from '../../engine/tensor/backend.ts';
import { crossEntropy } from '../../engine/tensor/crossEntropy.ts';
import { gelu, geluDerivative } from '../../engine/tensor/gelu.ts';
import { Random } from '../../engine/tensor/random.ts';
import { tf } from '../../engine/tensor/tf.ts';
import { erf, filled, largestError } from './tensorReference.ts';

const random = new Random(5);
const density = (x: number) => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
const distribution = (x: number) => (1 + erf(x / Math.SQRT2)) / 2;
const exact = {
  gelu: (x: number) => x * distribution(x),
  first: (x: number) => distribution(x) + x * density(x),
  second: (x: number) => density(x) * (2 - x * x),
  third: (x: number) => density(x) * (x * x * x - 4 * x),
};

describe.each(['wasm', 'cpu'] as const)('kernels on %s', name => {
  beforeAll(() => openBackend(name));

  it('computes GELU and three derivatives within 1e-6', () => {
    for (const length of [1, 2, 3, 4, 5, 33, 1001]) {
      const x = filled(random, length, 9);
      tf.tidy(() => {
        const at = tf.tensor1d(x);
        const first = tf.grad((t: tf.Tensor) => tf.sum(gelu(t)));
        const second = tf.grad((t: tf.Tensor) => tf.sum(geluDerivative(t)));
        const third = tf.grad((t: tf.Tensor) => tf.sum(second(t)));
        const values = { gelu: gelu(at), first: geluDerivative(at), second: second(at), third: third(at) };
        expect(largestError(first(at).dataSync(), values.first.dataSync()), 'grad of gelu').toBeLessThan(
          1e-6,
        );
        for (const which of ['gelu', 'first', 'second', 'third'] as const) {
          const expected = Array.from(x, exact[which]);
          expect(largestError(values[which].dataSync(), expected), `${which} [${length}]`).toBeLessThan(
            1.5e-6,
          );
        }
      });
    }
  });

  it('lets a gradient flow through an update that uses the derivative of GELU', () => {
    // One inner step w − η·∂/∂w of ½(gelu(w·x) − v)², then the outer loss gelu(w'·x): the way memories are written.
    const outer = (x: number) => {
      const [w, v, eta] = [0.7, 1.3, 0.4];
      const step = (exact.gelu(w * x) - v) * exact.first(w * x) * x;
      return exact.gelu((w - eta * step) * x);
    };
    const traced = (x: tf.Tensor) => {
      const h = tf.mul(0.7, x);
      const step = tf.mul(tf.mul(tf.sub(gelu(h), 1.3), geluDerivative(h)), x);
      return tf.sum(gelu(tf.mul(tf.sub(0.7, tf.mul(0.4, step)), x)));
    };
    for (const x of [-1.7, -0.3, 0.2, 1.1, 2.3]) {
      const got = tf.tidy(() => tf.grad(traced)(tf.scalar(x)).dataSync()[0]);
      const numeric = (outer(x + 1e-5) - outer(x - 1e-5)) / 2e-5;
      expect(Math.abs(got - numeric), `at ${x}: ${got} and ${numeric}`).toBeLessThan(5e-6);
    }
  });

  it('computes cross entropy and its gradient', () => {
    for (const [rows, width] of [
      [1, 1],
      [3, 2],
      [5, 33],
      [4, 1000],
    ]) {
      const x = filled(random, rows * width, 20);
      const labels = Array.from({ length: rows }, () => random.next() % width);
      const upstream = filled(random, rows);
      const expectedLoss: number[] = [];
      const expectedGradient: number[] = [];
      for (let i = 0; i < rows; i++) {
        const row = Array.from(x.subarray(i * width, (i + 1) * width));
        const normalizer = Math.log(row.reduce((sum, each) => sum + Math.exp(each), 0));
        expectedLoss.push(normalizer - row[labels[i]]);
        row.forEach((each, j) => {
          expectedGradient.push(upstream[i] * (Math.exp(each - normalizer) - (j === labels[i] ? 1 : 0)));
        });
      }
      tf.tidy(() => {
        const logits = tf.tensor2d(x, [rows, width]);
        const classes = tf.tensor1d(labels, 'int32');
        expect(largestError(crossEntropy(logits, classes).dataSync(), expectedLoss)).toBeLessThan(1e-5);
        const weighted = (t: tf.Tensor) => tf.sum(tf.mul(crossEntropy(t as tf.Tensor2D, classes), upstream));
        const gradient = tf.grad(weighted)(logits).dataSync();
        expect(largestError(gradient, expectedGradient), `[${rows}, ${width}]`).toBeLessThan(3e-6);
      });
    }
  });

  it('keeps cross entropy finite for large logits', () => {
    tf.tidy(() => {
      const loss = crossEntropy(
        tf.tensor2d([
          [1e4, -1e4],
          [-500, 500],
        ]),
        tf.tensor1d([0, 0], 'int32'),
      );
      expect(Array.from(loss.dataSync())).toEqual([0, 1000]);
    });
  });

  it('refuses labels that are not int32 or do not fit', () => {
    expect(() => crossEntropy(tf.zeros([2, 3]), tf.zeros([2]))).toThrow(/float32 labels/);
    expect(() => crossEntropy(tf.zeros([2, 3]), tf.zeros([1], 'int32'))).toThrow(/\[N, V\]/);
  });

  it('sums the gradient of gather over repeated rows', () => {
    for (const width of [1, 3, 4, 7, 32]) {
      const ids = Array.from({ length: 20 }, () => random.next() % 6);
      const upstream = filled(random, ids.length * width);
      const expected = new Float64Array(6 * width);
      ids.forEach((id, i) => {
        for (let j = 0; j < width; j++) expected[id * width + j] += upstream[i * width + j];
      });
      const got = tf.tidy(() => {
        const weights = tf.tensor2d(upstream, [ids.length, width]);
        const rows = tf.tensor1d(ids, 'int32');
        const loss = (table: tf.Tensor) => tf.sum(tf.mul(tf.gather(table, rows), weights));
        return tf
          .grad(loss)(tf.zeros([6, width]))
          .dataSync();
      });
      expect(largestError(got, expected)).toBeLessThan(2e-6);
    }
  });

  it('leaves no tensor behind', () => {
    const step = () =>
      tf.tidy(() => {
        const loss = (x: tf.Tensor) => {
          const rows = tf.gather(gelu(x), tf.tensor1d([0, 2, 2], 'int32'));
          return tf.sum(
            crossEntropy(
              tf.reshape(tf.matMul(rows, tf.ones([3, 3, 5])), [9, 5]) as tf.Tensor2D,
              tf.zeros([9], 'int32'),
            ),
          );
        };
        tf.grad(loss)(tf.ones([3, 3]));
      });
    step();
    const before = tf.memory();
    for (let i = 0; i < 5; i++) step();
    const after = tf.memory();
    expect([after.numTensors, after.numDataBuffers]).toEqual([before.numTensors, before.numDataBuffers]);
  });
});
