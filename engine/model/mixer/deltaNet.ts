import { l2Normalize, rmsNorm } from '../../tensor/norm.ts';
import { silu } from '../../tensor/silu.ts';
import { tf } from '../../tensor/tf.ts';
import { mergeHeads, splitGates, splitHeads } from '../heads.ts';
import { unipotentInverse } from '../unipotentInverse.ts';
import type { Mixer } from './mixer.ts';
import { project } from './mixer.ts';
import { asColumn, lastToken, runChunks } from './recurrence.ts';

/**
 * DeltaNet (Schlag et al. 2021, Yang et al. 2024): M_t = M_{t−1} (I − β_t k_t k_tᵀ) + β_t v_t k_tᵀ, y_t = M_t q_t, with
 * β_t = σ(w_β x_t) a head and keys and queries of norm 1 after a SiLU. What is written, u_t = β_t (v_t − M_{t−1} k_t),
 * solves a unit lower triangular system, u_t + β_t Σ_{s<t} (k_s · k_t) u_s = β_t (v_t − M_0 k_t).
 */
export const deltaNet: Mixer = {
  carries: true,
  weights: (width, heads) => ({
    w_q: [width, width],
    w_k: [width, width],
    w_v: [width, width],
    w_beta: [heads, width],
    head_norm: [width / heads],
  }),
  start: (width, heads, batch) => ({ m: tf.zeros([batch * heads, width / heads, width / heads]) }),
  read(input, { w_q, w_k, w_v, w_beta, head_norm }, { m }) {
    const { x, batch, heads } = input;
    const [q, k, v] = [w_q, w_k, w_v].map(weight => splitHeads(silu(project(x, weight)), batch, heads));
    const gate = splitGates(tf.sigmoid(project(x, w_beta)), batch);
    const beta = tf.reshape<tf.Rank.R3>(gate, [...gate.shape, 1]);
    const { out, state } = runChunks(input, [l2Normalize(q), l2Normalize(k), v, beta], m, (chunk, before) => {
      const [query, key, value, rate] = chunk.parts;
      const tokens = query.shape[1];
      const strict = tf.mul(chunk.within, tf.sub(tf.scalar(1), tf.eye(tokens)));
      const overlap = tf.mul(tf.mul(tf.matMul(key, key, false, true), strict), rate);
      const old = (each: tf.Tensor3D) =>
        tf.mul<tf.Tensor3D>(tf.matMul(each, before, false, true), chunk.before);
      const wanted = tf.mul<tf.Tensor3D>(rate, tf.sub(value, old(key)));
      const written = tf.matMul(
        unipotentInverse(tf.neg<tf.Tensor3D>(overlap as tf.Tensor3D), tokens),
        wanted,
      );
      const seen = tf.mul<tf.Tensor3D>(tf.matMul(query, key, false, true), chunk.within);
      const kept = asColumn(lastToken(chunk.within));
      return {
        out: tf.add<tf.Tensor3D>(old(query), tf.matMul(seen, written)),
        state: tf.add(
          tf.mul(before, lastToken(chunk.before)),
          tf.matMul(tf.mul<tf.Tensor3D>(written, kept), key, true, false),
        ),
      };
    });
    return { out: mergeHeads(rmsNorm(out, head_norm as tf.Tensor1D), batch), state: { m: state } };
  },
};
