import { fusedContinuum } from '../tensor/continuum.ts';
import { gelu } from '../tensor/gelu.ts';
import { tf } from '../tensor/tf.ts';
import { layerNorm, type NormWeights } from './layerNorm.ts';

/**
 * One level of the continuum memory system (Eq. 70, 73, 97): x + W_b σ(W_a LN(x) + b_a) + b_b, σ = exact GELU.
 * D width, Hd hidden.
 */
export interface ContinuumWeights {
  readonly norm: NormWeights;
  /** [Hd, D] */
  readonly expand: tf.Tensor2D;
  /** [Hd] */
  readonly expandBias: tf.Tensor1D;
  /** [D, Hd] */
  readonly contract: tf.Tensor2D;
  /** [D] */
  readonly contractBias: tf.Tensor1D;
}

/** @param x [N, D], tokens as rows @returns [N, D] */
export function continuumLevel(x: tf.Tensor2D, weights: ContinuumWeights): tf.Tensor2D {
  const { norm, expand, expandBias, contract, contractBias } = weights;
  const fused = fusedContinuum(x, { ...norm, expand, expandBias, contract, contractBias });
  if (fused) return fused;
  const hidden = gelu(tf.add(tf.matMul(layerNorm(x, norm), expand, false, true), expandBias));
  return tf.add(x, tf.add(tf.matMul(hidden as tf.Tensor2D, contract, false, true), contractBias));
}
