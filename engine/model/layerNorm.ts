import { layerNorm as normalize, rmsNorm } from '../tensor/norm.ts';
import type { tf } from '../tensor/tf.ts';

export interface NormWeights {
  /** [D] */
  readonly weight: tf.Tensor1D;
  /** [D]; an RMSNorm has none */
  readonly bias?: tf.Tensor1D;
  /** 1e-5 where absent */
  readonly epsilon?: number;
}

/** Over the last axis: layer norm with biased variance, or RMSNorm where there is no bias. @param x [N, D] */
export function layerNorm(x: tf.Tensor2D, { weight, bias, epsilon }: NormWeights): tf.Tensor2D {
  return bias ? normalize(x, weight, bias, epsilon) : rmsNorm(x, weight, epsilon);
}
