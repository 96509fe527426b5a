import * as fused from '../tensor/layerNorm.ts';
import type { tf } from '../tensor/tf.ts';

export interface NormWeights {
  /** [D] */
  readonly weight: tf.Tensor1D;
  /** [D] */
  readonly bias: tf.Tensor1D;
}

/** Layer norm over the last axis with biased variance and ε = 1e-5. @param x [N, D] */
export function layerNorm(x: tf.Tensor2D, { weight, bias }: NormWeights): tf.Tensor2D {
  return fused.layerNorm(x, weight, bias, 1e-5);
}
