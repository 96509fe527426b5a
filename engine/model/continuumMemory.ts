import { fusedContinuum } from '../tensor/continuum.ts';
import { gelu, tanhGelu } from '../tensor/gelu.ts';
import { silu } from '../tensor/silu.ts';
import { tf } from '../tensor/tf.ts';
import { layerNorm, type NormWeights } from './layerNorm.ts';

/**
 * One level of the continuum memory system (Eq. 70, 73, 97): x + W_b σ(W_a LN(x) + b_a) + b_b, σ = exact GELU, or the
 * one by tanh that GPT-2 has; or, where it has a gate, SwiGLU: x + W_b (SiLU(W_g n) ∘ W_a n) with n = RMSNorm(x). D width, Hd hidden.
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
  /** Whether its GELU is the one by tanh, which no kernel of ours computes. */
  readonly byTanh?: boolean;
}

/** Of a level with GELU, which kernels compute where it is exact. */
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
  const { norm, expand, contract } = weights;
  if (hasGelu(weights) && !weights.byTanh) {
    const { expandBias, contractBias } = weights;
    const fused = fusedContinuum(x, { ...weights.norm, expand, expandBias, contract, contractBias });
    if (fused) return fused;
  }
  const out = tf.matMul(levelHidden(layerNorm(x, norm), weights), contract, false, true);
  return tf.add(x, hasGelu(weights) ? tf.add<tf.Tensor2D>(out, weights.contractBias) : out);
}

/** What the matrix that contracts is given. @param normed [N, D] @returns [N, Hd] */
export function levelHidden(normed: tf.Tensor2D, weights: LevelWeights): tf.Tensor2D {
  const expanded = tf.matMul(normed, weights.expand, false, true);
  if (!hasGelu(weights)) return tf.mul(silu(tf.matMul(normed, weights.gate!, false, true)), expanded);
  const biased = tf.add<tf.Tensor2D>(expanded, weights.expandBias);
  return weights.byTanh ? tanhGelu(biased) : gelu(biased);
}
