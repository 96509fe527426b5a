import { l2Normalize, rmsNorm } from '../../tensor/norm.ts';
import { tf } from '../../tensor/tf.ts';
import { mergeHeads, splitHeads } from '../heads.ts';
import type { Mixer } from './mixer.ts';
import { project } from './mixer.ts';
import { asColumn, lastToken, runChunks } from './recurrence.ts';

/**
 * Linear attention: M_t = M_{t−1} + v_t k_tᵀ, y_t = M_t q_t, gradient descent with η = 1 on −⟨M k, v⟩ (Eq. 14–18).
 * Keys and queries have norm 1, and an RMSNorm a head keeps what is read at one scale however long the document.
 */
export const linearAttention: Mixer = {
  carries: true,
  weights: (width, heads) => ({
    w_q: [width, width],
    w_k: [width, width],
    w_v: [width, width],
    head_norm: [width / heads],
  }),
  start: (width, heads, batch) => ({ m: tf.zeros([batch * heads, width / heads, width / heads]) }),
  read(input, { w_q, w_k, w_v, head_norm }, { m }) {
    const { x, batch, heads } = input;
    const [q, k, v] = [w_q, w_k, w_v].map(weight => splitHeads(project(x, weight), batch, heads));
    const { out, state } = runChunks(input, [l2Normalize(q), l2Normalize(k), v], m, (chunk, before) => {
      const [query, key, value] = chunk.parts;
      const overlap = tf.mul<tf.Tensor3D>(tf.matMul(query, key, false, true), chunk.within);
      const old = tf.mul<tf.Tensor3D>(tf.matMul(query, before, false, true), chunk.before);
      const kept = asColumn(lastToken(chunk.within));
      return {
        out: tf.add(tf.matMul(overlap, value), old),
        state: tf.add(
          tf.mul(before, lastToken(chunk.before)),
          tf.matMul(tf.mul<tf.Tensor3D>(value, kept), key, true, false),
        ),
      };
    });
    return { out: mergeHeads(rmsNorm(out, head_norm as tf.Tensor1D), batch), state: { m: state } };
  },
};
