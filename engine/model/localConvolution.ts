import { fusedConvolution } from '../tensor/convolution.ts';
import { tf } from '../tensor/tf.ts';

/** Last K − 1 inputs of a sequence, [B, K − 1, D]. */
export type ConvolutionTail = tf.Tensor3D;

/**
 * Causal depthwise convolution with carried state; the last tap is the current token. It never looks across the
 * start of a document: a tap that would is left out, as at the very beginning.
 * @param x [B, T, D]
 * @param weight [D, 1, K]
 * @param sinceStart tokens between the start of its document and each token, [B × T]; 0 for the first token.
 */
export function localConvolution(
  x: tf.Tensor3D,
  weight: tf.Tensor3D,
  tail: ConvolutionTail,
  sinceStart: Int32Array,
): { out: tf.Tensor3D; tail: ConvolutionTail } {
  const fused = fusedConvolution(x, weight, tail, sinceStart);
  if (fused) return fused;
  const [batch, tokens, width] = x.shape;
  const taps = weight.shape[2];
  const padded = tf.concat([tail, x], 1);
  const rows = tf.transpose(tf.reshape(weight, [width, taps]));
  let out: tf.Tensor3D | undefined;
  for (let tap = 0; tap < taps; tap++) {
    const back = taps - 1 - tap;
    const row = tf.reshape(tf.slice(rows, [tap, 0], [1, width]), [width]);
    let term = tf.mul<tf.Tensor3D>(tf.slice(padded, [0, tap, 0], [batch, tokens, width]), row);
    if (sinceStart.some(since => since < back)) {
      const inside = Float32Array.from(sinceStart, since => (since < back ? 0 : 1));
      term = tf.mul(term, tf.tensor3d(inside, [batch, tokens, 1]));
    }
    out = out ? tf.add<tf.Tensor3D>(out, term) : term;
  }
  return { out: out!, tail: tf.slice(padded, [0, tokens, 0], [batch, taps - 1, width]) };
}

/**
 * Distance of each token from the start of its document, which is the last `endOfText` at or before it.
 * @param ids [B × T] row-major @param before distance of each row's previous token, updated in place, [B].
 */
export function tokensSinceStart(
  ids: Int32Array,
  tokens: number,
  endOfText: number,
  before: Int32Array,
): Int32Array {
  return ids.map((id, i) => {
    const row = Math.floor(i / tokens);
    before[row] = id === endOfText ? 0 : before[row] + 1;
    return before[row];
  });
}
