import { layerNorm as normalize } from '../tensor/norm.ts';
import type { tf } from '../tensor/tf.ts';

export interface NormWeights {
  /** [D] */
  readonly weight: tf.Tensor1D;
  /** [D] */
  readonly bias: tf.Tensor1D;
}

/** Layer norm over the last axis with biased variance and ε = 1e-5. @param x [N, D] */
export function layerNorm(x: tf.Tensor2D, { weight, bias }: NormWeights): tf.Tensor2D {
  return normalize(x, weight, bias);
}
