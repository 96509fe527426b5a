import { tf } from '../tensor/tf.ts';

/** [B × T, D] to [B × H, T, D / H]. */
export function splitHeads(x: tf.Tensor2D, batch: number, heads: number): tf.Tensor3D {
  const [rows, width] = x.shape;
  const tokens = rows / batch;
  if (heads === 1) return tf.reshape(x, [batch, tokens, width]);
  const split = tf.transpose(tf.reshape(x, [batch, tokens, heads, width / heads]), [0, 2, 1, 3]);
  return tf.reshape(split, [batch * heads, tokens, width / heads]);
}

/** [B × H, T, D / H] to [B × T, D]. */
export function mergeHeads(x: tf.Tensor3D, batch: number): tf.Tensor2D {
  const [groups, tokens, inner] = x.shape;
  const heads = groups / batch;
  const merged = tf.transpose(tf.reshape(x, [batch, heads, tokens, inner]), [0, 2, 1, 3]);
  return tf.reshape(merged, [batch * tokens, heads * inner]);
}

/** Numbers a head of each token, [B × T, H] to [B × H, T]. */
export function splitGates(x: tf.Tensor2D, batch: number): tf.Tensor2D {
  const [rows, heads] = x.shape;
  const split = tf.transpose(tf.reshape(x, [batch, rows / batch, heads]), [0, 2, 1]);
  return tf.reshape(split, [batch * heads, rows / batch]);
}
