import { layerNorm as normalize, rmsNorm } from '../tensor/norm.ts';
import type { tf } from '../tensor/tf.ts';

export interface NormWeights {
  /** [D] */
  readonly weight: tf.Tensor1D;
  /** [D]; an RMSNorm has none */
  readonly bias?: tf.Tensor1D;
}

/** Over the last axis with ε = 1e-5: layer norm with biased variance, or RMSNorm where there is no bias. @param x [N, D] */
export function layerNorm(x: tf.Tensor2D, { weight, bias }: NormWeights): tf.Tensor2D {
  return bias ? normalize(x, weight, bias) : rmsNorm(x, weight);
}
