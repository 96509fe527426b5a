import { tf } from '../tensor/tf.ts';

/** θ − η Σ g (Eq. 71): `sum` holds the errors of the chunk's tokens, all taken at the chunk's first weights. */
export function sgdStep<R extends tf.Rank>(
  theta: tf.Tensor<R>,
  sum: tf.Tensor<R>,
  rate: number,
): tf.Tensor<R> {
  return tf.sub(theta, tf.mul(sum, tf.scalar(rate)));
}
