import { l2Normalize } from '../../tensor/norm.ts';
import { tf } from '../../tensor/tf.ts';
import { mergeHeads, splitHeads } from '../heads.ts';
import { documentMask } from './document.ts';
import type { Mixer, MixerInput, MixerState, MixerWeights } from './mixer.ts';
import { project } from './mixer.ts';
import { rotate, rotationOf } from './rotary.ts';

/** What a score gets that a token may not look at; e to this is 0. */
const FORBIDDEN = 1e9;

/**
 * Softmax attention over a token's document, y = Σ_s softmax_s(q_t · k_s / √D) v_s, at most `window` tokens back. Of
 * the two that use it, Transformer++ turns q and k by rotary positions; Hope-Attention, which changes nothing of Hope
 * but its memories (§8.3), gives them norm 1 and knows of order by its convolution.
 */
export function softmaxAttention(form: 'rotary' | 'normed'): Mixer {
  return {
    carries: false,
    weights: width => ({ w_q: [width, width], w_k: [width, width], w_v: [width, width] }),
    start: (width, heads, batch) => {
      const empty = () => tf.zeros<tf.Rank.R3>([batch * heads, 0, width / heads]);
      return { k: empty(), v: empty() };
    },
    read: (input, weights, state) => attend(input, weights, state, form),
  };
}

function attend(
  { x, batch, heads, sinceStart, window }: MixerInput,
  { w_q, w_k, w_v }: MixerWeights,
  state: MixerState,
  form: 'rotary' | 'normed',
): { out: tf.Tensor2D; state: MixerState } {
  const [q, k, v] = [w_q, w_k, w_v].map(weight => splitHeads(project(x, weight), batch, heads));
  const inner = q.shape[2];
  const [query, key] = [q, k].map(
    form === 'rotary' ? turnedBy(sinceStart, batch, heads, inner) : (each: tf.Tensor3D) => l2Normalize(each),
  );
  const carried = state.k.shape[1];
  const keys = carried ? tf.concat<tf.Tensor3D>([state.k, key], 1) : key;
  const values = carried ? tf.concat<tf.Tensor3D>([state.v, v], 1) : v;
  const mask = documentMask(sinceStart, batch, heads, carried, window);
  // Of q and k with norm 1 the product is at most 1: √D sharpens it where it else would tame it.
  const sharpness = form === 'rotary' ? 1 / Math.sqrt(inner) : Math.sqrt(inner);
  const scores = tf.mul(tf.matMul(query, keys, false, true), tf.scalar(sharpness));
  const hidden = tf.mul(tf.sub(mask, tf.scalar(1)), tf.scalar(FORBIDDEN));
  const read = tf.matMul<tf.Tensor3D>(tf.softmax(tf.add(scores, hidden)), values);
  return { out: mergeHeads(read, batch), state: { k: latest(keys, window), v: latest(values, window) } };
}

function turnedBy(sinceStart: Int32Array, batch: number, heads: number, inner: number) {
  const rotation = rotationOf(sinceStart, batch, heads, inner);
  return (x: tf.Tensor3D) => rotate(x, rotation);
}

/** What the next token can still look at. */
function latest(x: tf.Tensor3D, window: number): tf.Tensor3D {
  const [groups, tokens, inner] = x.shape;
  const keep = Math.min(tokens, window - 1);
  return tf.slice(x, [0, tokens - keep, 0], [groups, keep, inner]);
}
