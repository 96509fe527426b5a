import { fusedSelfTest } from './fusedSelfTest.ts';
import { gelu } from './gelu.ts';
import { Random } from './random.ts';
import { compare, normalDistribution, values } from './selfTestPlain.ts';
import { tf } from './tf.ts';

function product(
  a: Float32Array,
  b: Float32Array,
  m: number,
  n: number,
  k: number,
  transposeB: boolean,
): number[] {
  return Array.from({ length: m * n }, (_, at) => {
    const [i, j] = [Math.floor(at / n), at % n];
    let sum = 0;
    for (let x = 0; x < k; x++) sum += a[i * k + x] * (transposeB ? b[j * k + x] : b[x * n + j]);
    return sum;
  });
}

function softmax(x: Float32Array, width: number): number[] {
  return Array.from(x, (value, at) => {
    const row = x.subarray(at - (at % width), at - (at % width) + width);
    return Math.exp(value) / row.reduce((sum, each) => sum + Math.exp(each), 0);
  });
}

function gatherGradient(upstream: Float32Array, ids: number[], rows: number, width: number): number[] {
  const sums = Array<number>(rows * width).fill(0);
  upstream.forEach((value, at) => {
    sums[ids[Math.floor(at / width)] * width + (at % width)] += value;
  });
  return sums;
}

/**
 * Compares the current backend with plain loops on small inputs: matrix product, GELU, softmax, the gradient of
 * gather, and the fused kernels that it has. Throws an error that names the operation and the numbers when one is off; leaves no tensor behind.
 */
export async function selfTest(): Promise<void> {
  const [m, n, k] = [13, 21, 19];
  const random = new Random(7);
  const a = values(random, m * k);
  const b = values(random, n * k);
  const x = values(random, 5 * 11);
  const upstream = values(random, 4 * 3);
  const ids = [2, 0, 2, 5];
  const results = tf.tidy(() => {
    const left = tf.tensor2d(a.slice(), [m, k]);
    const weights = tf.tensor2d(upstream.slice(), [4, 3]);
    const rows = tf.tensor1d(ids, 'int32');
    const weighted = (table: tf.Tensor) => tf.sum(tf.mul(tf.gather(table, rows), weights));
    return {
      plain: tf.matMul(left, tf.tensor2d(b.slice(), [k, n])),
      transposed: tf.matMul(left, tf.tensor2d(b.slice(), [n, k]), false, true),
      gelu: gelu(tf.tensor1d(x.slice())),
      softmax: tf.softmax(tf.tensor2d(x.slice(), [5, 11])),
      gather: tf.grad(weighted)(tf.zeros([6, 3])),
    };
  });
  try {
    compare('matrix product', await results.plain.data(), product(a, b, m, n, k, false));
    compare('transposed product', await results.transposed.data(), product(a, b, m, n, k, true));
    compare(
      'GELU',
      await results.gelu.data(),
      Array.from(x, each => each * normalDistribution(each)),
    );
    compare('softmax', await results.softmax.data(), softmax(x, 11));
    compare('gradient of gather', await results.gather.data(), gatherGradient(upstream, ids, 6, 3));
  } finally {
    tf.dispose(results);
  }
  await fusedSelfTest(random);
}
