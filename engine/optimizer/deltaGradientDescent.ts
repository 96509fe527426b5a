import { tf } from '../tensor/tf.ts';

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
