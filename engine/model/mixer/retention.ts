import { rotaryFrequencies } from '../../checkpoint/rotaryScaling.ts';
import { rmsNorm } from '../../tensor/norm.ts';
import { silu } from '../../tensor/silu.ts';
import { tf } from '../../tensor/tf.ts';
import { mergeHeads, splitHeads } from '../heads.ts';
import type { Mixer } from './mixer.ts';
import { project } from './mixer.ts';
import { asColumn, lastToken, runChunks } from './recurrence.ts';
import { BASE, rotate, rotationOf } from './rotary.ts';

/**
 * RetNet (Sun et al. 2023): M_t = γ_h M_{t−1} + v_t k_tᵀ, y_t = M_t q_t / √D, with a fixed decay a head,
 * γ_h = 1 − 2^(−5−h), rotary positions, RMSNorm a head and a gate, W_o (SiLU(W_g x) ∘ norm(y)).
 */
export const retention: Mixer = {
  carries: true,
  weights: (width, heads) => ({
    w_q: [width, width],
    w_k: [width, width],
    w_v: [width, width],
    w_g: [width, width],
    head_norm: [width / heads],
  }),
  start: (width, heads, batch) => ({ m: tf.zeros([batch * heads, width / heads, width / heads]) }),
  read(input, { w_q, w_k, w_v, w_g, head_norm }, { m }) {
    const { x, batch, heads, sinceStart } = input;
    const [q, k, v] = [w_q, w_k, w_v].map(weight => splitHeads(project(x, weight), batch, heads));
    const inner = q.shape[2];
    const turn = rotationOf(sinceStart, batch, heads, rotaryFrequencies(inner, BASE));
    const query = tf.mul<tf.Tensor3D>(rotate(q, turn), tf.scalar(1 / Math.sqrt(inner)));
    const { out, state } = runChunks(input, [query, rotate(k, turn), v], m, (chunk, before) => {
      const [asked, key, value] = chunk.parts;
      const tokens = asked.shape[1];
      const { within, since } = decays(batch, heads, tokens);
      const weights = tf.mul<tf.Tensor3D>(chunk.within, within);
      const old = tf.mul(tf.matMul(asked, before, false, true), tf.mul(chunk.before, since));
      const kept = asColumn(lastToken(weights));
      const carried = tf.mul(lastToken(chunk.before), lastToken(since));
      return {
        out: tf.add(
          tf.matMul(tf.mul<tf.Tensor3D>(tf.matMul(asked, key, false, true), weights), value),
          old,
        ) as tf.Tensor3D,
        state: tf.add(tf.mul(before, carried), tf.matMul(tf.mul<tf.Tensor3D>(value, kept), key, true, false)),
      };
    });
    const normed = mergeHeads(rmsNorm(out, head_norm as tf.Tensor1D), batch);
    return { out: tf.mul(silu(project(x, w_g)), normed), state: { m: state } };
  },
};

/** γ_h^(t − s) [G, T, T] (its upper half is not used), and γ_h^(t + 1) [G, T, 1]. */
function decays(batch: number, heads: number, tokens: number) {
  const groups = batch * heads;
  const gamma = (group: number) => 1 - 2 ** (-5 - (group % heads));
  const within = new Float32Array(groups * tokens * tokens);
  const since = new Float32Array(groups * tokens);
  for (let group = 0; group < groups; group++) {
    for (let t = 0; t < tokens; t++) {
      since[group * tokens + t] = gamma(group) ** (t + 1);
      for (let s = 0; s <= t; s++) within[(group * tokens + t) * tokens + s] = gamma(group) ** (t - s);
    }
  }
  return {
    within: tf.tensor3d(within, [groups, tokens, tokens]),
    since: tf.tensor3d(since, [groups, tokens, 1]),
  };
}
