import { tf } from '../tf.ts';
import { reduceTo } from './reduceTo.ts';

function rows(x: tf.Tensor): tf.Tensor2D {
  return tf.reshape(x, [-1, x.shape[x.rank - 1]]);
}

function gradientOfA(dy: tf.Tensor, a: tf.Tensor, b: tf.Tensor, transposeA: boolean, transposeB: boolean) {
  const full = transposeA ? tf.matMul(b, dy, transposeB, true) : tf.matMul(dy, b, false, !transposeB);
  return reduceTo(full, a.shape);
}

function gradientOfB(dy: tf.Tensor, a: tf.Tensor, b: tf.Tensor, transposeA: boolean, transposeB: boolean) {
  const shared = b.size === b.shape[b.rank - 2] * b.shape[b.rank - 1] && a.rank > 2;
  if (shared && !transposeA && dy.size === (a.size / a.shape[a.rank - 1]) * dy.shape[dy.rank - 1]) {
    // One weight for the whole batch: the sum over the batch is part of a single product.
    const product = transposeB ? tf.matMul(rows(dy), rows(a), true) : tf.matMul(rows(a), rows(dy), true);
    return tf.reshape(product, b.shape);
  }
  const full = transposeB ? tf.matMul(dy, a, true, transposeA) : tf.matMul(a, dy, !transposeA, false);
  return reduceTo(full, b.shape);
}

// The library's own gradient does not sum over broadcast axes, so [B, T, D]·[D, E] could not be trained.
tf.unregisterGradient('BatchMatMul');
tf.registerGradient({
  kernelName: 'BatchMatMul',
  inputsToSave: ['a', 'b'],
  gradFunc: (dys, [a, b], attributes) => {
    const dy = dys as tf.Tensor;
    const { transposeA, transposeB } = attributes as unknown as { transposeA: boolean; transposeB: boolean };
    return {
      a: () => gradientOfA(dy, a, b, transposeA, transposeB),
      b: () => gradientOfB(dy, a, b, transposeA, transposeB),
    };
  },
});
