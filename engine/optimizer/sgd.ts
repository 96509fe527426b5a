import { tf } from '../tensor/tf.ts';
import type { LevelOptimizer } from './levelOptimizer.ts';

/** Plain gradient descent; it remembers nothing. */
export function sgd(): LevelOptimizer {
  return {
    memories: () => ({}),
    step: (theta, error, _, rate) => ({ theta: sgdStep(theta, error, rate), memories: {} }),
    surprise: () => undefined,
  };
}

/** θ − η Σ g (Eq. 71): `sum` holds the errors of the chunk's tokens, all taken at the chunk's first weights. */
export function sgdStep<R extends tf.Rank>(
  theta: tf.Tensor<R>,
  sum: tf.Tensor<R>,
  rate: number,
): tf.Tensor<R> {
  return tf.sub(theta, tf.mul(sum, tf.scalar(rate)));
}

/** `sgdStep` of many tensors, in one kernel where the backend has it. */
export function sgdSteps(
  thetas: readonly tf.Tensor[],
  sums: readonly tf.Tensor[],
  rate: number,
): tf.Tensor[] {
  if (!tf.getKernel('HopeDescend', tf.getBackend()))
    return thetas.map((theta, i) => sgdStep(theta, sums[i], rate));
  const out = tf.engine().runKernel('HopeDescend', [...thetas, ...sums] as never, { rate });
  return Array.isArray(out) ? out : [out];
}
