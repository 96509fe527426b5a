import { tf } from '../../tensor/tf.ts';

/**
 * 1 where a token may look, else 0: at itself and at earlier tokens of its document, `window` tokens at most. The
 * first `carried` columns are tokens that an earlier call left. @returns [B × H, T, carried + T]
 */
export function documentMask(
  sinceStart: Int32Array,
  batch: number,
  heads: number,
  carried: number,
  window: number,
): tf.Tensor3D {
  const tokens = sinceStart.length / batch;
  const columns = carried + tokens;
  const mask = new Float32Array(batch * tokens * columns);
  for (let row = 0; row < batch; row++) {
    for (let t = 0; t < tokens; t++) {
      const reach = Math.min(sinceStart[row * tokens + t], window - 1);
      const here = (row * tokens + t) * columns;
      for (let s = Math.max(0, carried + t - reach); s <= carried + t; s++) mask[here + s] = 1;
    }
  }
  return eachHead(tf.tensor3d(mask, [batch, tokens, columns]), heads);
}

/** 1 for tokens whose document began before the first of them, [B × H, T, 1]. */
export function carriedMask(sinceStart: Int32Array, batch: number, heads: number): tf.Tensor3D {
  const tokens = sinceStart.length / batch;
  const mask = Float32Array.from(sinceStart, (since, i) => (since > i % tokens ? 1 : 0));
  return eachHead(tf.tensor3d(mask, [batch, tokens, 1]), heads);
}

/** The same for every head. @param x [B, T, N] @returns [B × H, T, N] */
export function eachHead(x: tf.Tensor3D, heads: number): tf.Tensor3D {
  const [batch, tokens, columns] = x.shape;
  if (heads === 1) return x;
  const spread = tf.tile(tf.reshape(x, [batch, 1, tokens, columns]), [1, heads, 1, 1]);
  return tf.reshape(spread, [batch * heads, tokens, columns]);
}
