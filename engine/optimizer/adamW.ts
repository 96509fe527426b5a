import { fusedAdamW } from '../tensor/adamW.ts';
import { tf } from '../tensor/tf.ts';
import type { LevelOptimizer } from './levelOptimizer.ts';

/** Hyperparameters of AdamW (Loshchilov and Hutter 2019); the learning rate comes with each step. */
export interface AdamWOptions {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Decoupled decay, multiplied by the learning rate; applied to matrices, not to biases and norms. */
  readonly weightDecay: number;
}

/** First and second moments of one parameter. */
export interface Moments {
  readonly first: Float32Array;
  readonly second: Float32Array;
}

/**
 * One AdamW step with bias correction, in place on host memory: weights, moments and gradient are arrays of one
 * length. `step` counts from 1.
 */
export function adamWStep(
  weights: Float32Array,
  gradient: Float32Array,
  moments: Moments,
  step: number,
  rate: number,
  { beta1, beta2, epsilon, weightDecay }: AdamWOptions,
): void {
  const { first, second } = moments;
  const scale = rate / (1 - beta1 ** step);
  const correction = 1 / Math.sqrt(1 - beta2 ** step);
  const keep = 1 - rate * weightDecay;
  const arrays = { weights, gradient, first, second };
  if (fusedAdamW(arrays, { beta1, beta2, keep, rate: scale, correction, epsilon })) return;
  for (let i = 0; i < weights.length; i++) {
    const g = gradient[i];
    first[i] = beta1 * first[i] + (1 - beta1) * g;
    second[i] = beta2 * second[i] + (1 - beta2) * g * g;
    weights[i] = keep * weights[i] - (scale * first[i]) / (Math.sqrt(second[i]) * correction + epsilon);
  }
}

/**
 * The same as a level's optimizer. Its memories are the two moments, each the solution of a regression on past errors
 * (Eq. 101–105), and the number of steps for the bias correction. Weight decay spares vectors.
 */
export function adamW(values: {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weight_decay: number;
}): LevelOptimizer {
  const { beta1, beta2, epsilon, weight_decay } = values;
  const towards = (m: tf.Tensor, x: tf.Tensor, beta: number) =>
    tf.add(tf.mul(m, tf.scalar(beta)), tf.mul(x, tf.scalar(1 - beta)));
  return {
    memories: shape => ({ first: shape, second: shape, steps: [] }),
    step(theta, error, memories, rate) {
      const steps = tf.add(memories.steps, tf.scalar(1));
      const first = towards(memories.first, error, beta1);
      const second = towards(memories.second, tf.square(error), beta2);
      const unbiased = (m: tf.Tensor, beta: number) =>
        tf.div(m, tf.sub(tf.scalar(1), tf.pow(tf.scalar(beta), steps)));
      const size = tf.add(tf.sqrt(unbiased(second, beta2)), tf.scalar(epsilon));
      const change = tf.mul(tf.div(unbiased(first, beta1), size), tf.scalar(rate));
      const keep = theta.rank > 1 ? 1 - rate * weight_decay : 1;
      return { theta: tf.sub(tf.mul(theta, tf.scalar(keep)), change), memories: { first, second, steps } };
    },
    surprise(memory, error, memories) {
      if (memory === 'steps') return undefined;
      return tf.sub(memories[memory], memory === 'first' ? error : tf.square(error));
    },
  };
}
