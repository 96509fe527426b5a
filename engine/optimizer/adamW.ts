import { fusedAdamW } from '../tensor/adamW.ts';

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
