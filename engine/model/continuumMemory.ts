import { fusedContinuum } from '../tensor/continuum.ts';
import { gelu } from '../tensor/gelu.ts';
import { silu } from '../tensor/silu.ts';
import { tf } from '../tensor/tf.ts';
import { layerNorm, type NormWeights } from './layerNorm.ts';

/**
 * One level of the continuum memory system (Eq. 70, 73, 97): x + W_b σ(W_a LN(x) + b_a) + b_b, σ = exact GELU; or,
 * where it has a gate, SwiGLU: x + W_b (SiLU(W_g n) ∘ W_a n) with n = RMSNorm(x). D width, Hd hidden.
 */
export interface LevelWeights {
  readonly norm: NormWeights;
  /** [Hd, D] */
  readonly expand: tf.Tensor2D;
  /** [Hd] */
  readonly expandBias?: tf.Tensor1D;
  /** [D, Hd] */
  readonly contract: tf.Tensor2D;
  /** [D] */
  readonly contractBias?: tf.Tensor1D;
  /** [Hd, D] */
  readonly gate?: tf.Tensor2D;
}

/** Of a level with GELU, which kernels compute. */
export interface ContinuumWeights extends LevelWeights {
  readonly norm: Required<NormWeights>;
  readonly expandBias: tf.Tensor1D;
  readonly contractBias: tf.Tensor1D;
}

export function hasGelu(weights: LevelWeights): weights is ContinuumWeights {
  return weights.gate === undefined;
}

/** @param x [N, D], tokens as rows @returns [N, D] */
export function continuumLevel(x: tf.Tensor2D, weights: LevelWeights): tf.Tensor2D {
  const { norm, expand, contract, gate } = weights;
  if (hasGelu(weights)) {
    const { expandBias, contractBias } = weights;
    const fused = fusedContinuum(x, { ...weights.norm, expand, expandBias, contract, contractBias });
    if (fused) return fused;
    const hidden = gelu(tf.add(tf.matMul(layerNorm(x, norm), expand, false, true), expandBias));
    return tf.add(x, tf.add(tf.matMul(hidden as tf.Tensor2D, contract, false, true), contractBias));
  }
  const normed = layerNorm(x, norm);
  const open = silu(tf.matMul(normed, gate!, false, true));
  const hidden = tf.mul<tf.Tensor2D>(open, tf.matMul(normed, expand, false, true));
  return tf.add(x, tf.matMul(hidden, contract, false, true));
}
