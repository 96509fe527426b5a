import { tf } from '../tensor/tf.ts';

export interface NormWeights {
  /** [D] */
  readonly weight: tf.Tensor1D;
  /** [D] */
  readonly bias: tf.Tensor1D;
}

/** Layer norm over the last axis with biased variance and ε = 1e-5. @param x [N, D] */
export function layerNorm(x: tf.Tensor2D, { weight, bias }: NormWeights): tf.Tensor2D {
  const centred = tf.sub(x, tf.mean(x, -1, true));
  const variance = tf.mean(tf.square(centred), -1, true);
  const scaled = tf.mul(centred, tf.rsqrt(tf.add(variance, tf.scalar(1e-5))));
  return tf.add(tf.mul(scaled, weight), bias);
}
