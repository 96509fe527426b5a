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

/** Steps, and what was measured of them: Σ g², 0, Σ θ′² and Σ (θ′ − base)² of each group, [4 · groups]. */
export interface MeasuredSteps {
  readonly steps: readonly tf.Tensor[];
  readonly measured: tf.Tensor1D;
}

/**
 * `sgdSteps`, measured while the new weights are in a cache; undefined where the backend has no kernel for it.
 * @param bases what the new weights are compared to @param groups of each tensor, from 0
 */
export function measuredSgdSteps(
  thetas: readonly tf.Tensor[],
  sums: readonly tf.Tensor[],
  bases: readonly tf.Tensor[],
  rate: number,
  groups: readonly number[],
): MeasuredSteps | undefined {
  if (!tf.getKernel('HopeDescendMeasured', tf.getBackend())) return undefined;
  const inputs = [...thetas, ...sums, ...bases];
  const attributes = { rate, groups };
  const out = tf
    .engine()
    .runKernel('HopeDescendMeasured', inputs as never, attributes as never) as tf.Tensor[];
  return { steps: out.slice(0, -1), measured: out.at(-1) as tf.Tensor1D };
}
