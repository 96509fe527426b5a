import { exchange } from '../tensor/exchange.ts';
import { tf } from '../tensor/tf.ts';

/** [B × T, D] to [B × H, T, D / H]. */
export function splitHeads(x: tf.Tensor2D, batch: number, heads: number): tf.Tensor3D {
  const [rows, width] = x.shape;
  const tokens = rows / batch;
  if (heads === 1) return tf.reshape(x, [batch, tokens, width]);
  const inner = width / heads;
  return exchange(x, { batch, first: tokens, second: heads, inner, shape: [batch * heads, tokens, inner] });
}

/** [B × H, T, D / H] to [B × T, D]. */
export function mergeHeads(x: tf.Tensor3D, batch: number): tf.Tensor2D {
  const [groups, tokens, inner] = x.shape;
  const heads = groups / batch;
  if (heads === 1) return tf.reshape(x, [batch * tokens, inner]);
  return exchange(x, { batch, first: heads, second: tokens, inner, shape: [batch * tokens, heads * inner] });
}

/** 1 of every head that writes as its options say and 0 of one that only sums up, [G, 1, 1]. @param sums one a head */
export function writesBack(sums: readonly boolean[], groups: number): tf.Tensor3D {
  const values = Float32Array.from({ length: groups }, (_, group) => (sums[group % sums.length] ? 0 : 1));
  return tf.tensor3d(values, [groups, 1, 1]);
}

/** Numbers a head of each token, [B × T, H] to [B × H, T]. */
export function splitGates(x: tf.Tensor2D, batch: number): tf.Tensor2D {
  const [rows, heads] = x.shape;
  const tokens = rows / batch;
  return exchange(x, { batch, first: tokens, second: heads, inner: 1, shape: [batch * heads, tokens] });
}
