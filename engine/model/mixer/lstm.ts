import { tf } from '../../tensor/tf.ts';
import type { Mixer } from './mixer.ts';
import { project } from './mixer.ts';

/**
 * LSTM (Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000), token by token:
 *
 *   i, f, o = σ(W x + U h + b),   g = tanh(W x + U h + b),   c ← f ∘ c + i ∘ g,   h ← o ∘ tanh(c).
 *
 * Its state begins anew with every document. It has no heads.
 */
export const lstm: Mixer = {
  carries: true,
  weights: width => ({ w_x: [4 * width, width], w_h: [4 * width, width], forget: [width] }),
  start: (width, _, batch) => ({ h: tf.zeros([batch, 1, width]), c: tf.zeros([batch, 1, width]) }),
  read({ x, batch, sinceStart }, { w_x, w_h, forget }, state) {
    const [rows, width] = x.shape;
    const tokens = rows / batch;
    const given = tf.reshape<tf.Rank.R3>(project(x, w_x), [batch, tokens, 4 * width]);
    // The library cannot differentiate a list of one.
    const steps =
      tokens === 1
        ? [tf.reshape<tf.Rank.R2>(given, [batch, 4 * width])]
        : (tf.unstack(given, 1) as tf.Tensor2D[]);
    const flat = (s: tf.Tensor3D) => tf.reshape<tf.Rank.R2>(s, [batch, width]);
    let [h, c] = [flat(state.h), flat(state.c)];
    const outputs = steps.map((step, t) => {
      const begins = Float32Array.from({ length: batch }, (_, row) => +(sinceStart[row * tokens + t] === 0));
      if (begins.some(Boolean)) {
        const kept = tf.tensor2d(
          begins.map(begun => 1 - begun),
          [batch, 1],
        );
        h = tf.mul<tf.Tensor2D>(h, kept);
        c = tf.mul<tf.Tensor2D>(c, kept);
      }
      const [i, f, o, g] = tf.split<tf.Tensor2D>(tf.add<tf.Tensor2D>(step, project(h, w_h)), 4, 1);
      const remembered = tf.mul(tf.sigmoid(tf.add(f, forget)), c);
      c = tf.add<tf.Tensor2D>(remembered, tf.mul(tf.sigmoid(i), tf.tanh(g)));
      h = tf.mul<tf.Tensor2D>(tf.sigmoid(o), tf.tanh(c));
      return h;
    });
    const out = tf.reshape<tf.Rank.R2>(tf.stack(outputs, 1), [rows, width]);
    const spread = (s: tf.Tensor2D) => tf.reshape<tf.Rank.R3>(s, [batch, 1, width]);
    return { out, state: { h: spread(h), c: spread(c) } };
  },
};
