import { GRAM } from '../model/optimizerMemory.ts';
import { tf } from '../tensor/tf.ts';
import type { LevelOptimizer } from './levelOptimizer.ts';

/**
 * One token of the gated delta rule on a linear map (Eq. 88, 93): M (α I − η k kᵀ) − η e kᵀ.
 * With e = M_ξ k − v̂ this is Eq. 93, whose printed form drops the factor 2 of ‖·‖².
 * @param m [O, D] @param k [D] @param error ∇_y L, [O]
 */
export function deltaRule(
  m: tf.Tensor2D,
  k: tf.Tensor1D,
  error: tf.Tensor1D,
  eta: number | tf.Scalar,
  alpha: number,
): tf.Tensor2D {
  const row = tf.reshape<tf.Rank.R2>(k, [1, k.size]);
  const read = tf.matMul(m, row, false, true);
  const column = tf.add(read, tf.reshape(error, [error.size, 1]));
  return tf.sub(tf.mul(m, tf.scalar(alpha)), tf.mul(tf.matMul(column as tf.Tensor2D, row), eta));
}

/**
 * Delta gradient descent (Eq. 57): W (I − η′ x xᵀ) − η′ ∇_y L ⊗ x with η′ = η / (1 + η ‖x‖²); the printed
 * η / (1 + η) is the case ‖x‖ = 1.
 * @param w [O, D] @param x [D] @param gradient ∇_y L, [O]
 */
export function deltaGradientDescent(
  w: tf.Tensor2D,
  x: tf.Tensor1D,
  gradient: tf.Tensor1D,
  eta: number,
): tf.Tensor2D {
  const squared = tf.sum(tf.square(x));
  return deltaRule(w, x, gradient, tf.div(eta, tf.add(1, tf.mul(eta, squared))), 1);
}

/**
 * The same over a chunk whose errors are all taken at its first weights: W (I − η′ Σ x xᵀ) − η′ Σ ∇_y L ⊗ x with
 * η′ = η / (1 + η Σ ‖x‖²), which is Eq. 57 for one token and contracts for any number of them. Vectors have no input
 * and descend. The Gram matrix Σ x xᵀ is gathered while the chunk is read.
 */
export function chunkDeltaGradientDescent(): LevelOptimizer {
  return {
    memories(shape): Record<string, readonly number[]> {
      return shape.length === 2 ? { [GRAM]: [shape[1], shape[1]] } : {};
    },
    step(theta, error, { [GRAM]: gram }, rate) {
      if (!gram) return { theta: tf.sub(theta, tf.mul(error, tf.scalar(rate))), memories: {} };
      const trace = tf.sum(tf.mul(gram, tf.eye(gram.shape[0])));
      const eta = tf.div(tf.scalar(rate), tf.add(tf.scalar(1), tf.mul(trace, tf.scalar(rate))));
      const erased = tf.matMul(theta as tf.Tensor2D, gram as tf.Tensor2D);
      return { theta: tf.sub(theta, tf.mul(tf.add(erased, error), eta)), memories: {} };
    },
    surprise: () => undefined,
  };
}
