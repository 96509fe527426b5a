import type { Scores } from '../../checkpoint/attentionConfig.ts';
import { type RotaryScaling, rotaryFrequencies } from '../../checkpoint/rotaryScaling.ts';
import { l2Normalize } from '../../tensor/norm.ts';
import { tf } from '../../tensor/tf.ts';
import { mergeHeads, splitHeads } from '../heads.ts';
import { documentMask } from './document.ts';
import type { Mixer, MixerInput, MixerState, MixerWeights } from './mixer.ts';
import { project } from './mixer.ts';
import { rotate, rotationOf } from './rotary.ts';

/** What a score gets that a token may not look at; e to this is 0. */
const FORBIDDEN = 1e9;

/** What tells one softmax attention from another. */
export interface AttentionForm {
  /** What the scores are made of; `plain` where absent. */
  readonly scores?: Scores;
  /** q and k are turned by rotary positions with this base. */
  readonly rotaryBase?: number;
  readonly rotaryScaling?: RotaryScaling;
  /** Positions that the model has learned; a longer document begins again at the first, and looks back no further. */
  readonly positions?: number;
  /** Heads of keys and values, each shared by heads / keyHeads queries; all of them where absent. */
  readonly keyHeads?: number;
  /** Whether q, k and v have biases. */
  readonly biased?: boolean;
}

/**
 * Softmax attention over a token's document, y = Σ_s softmax_s(q_t · k_s / √D) v_s, at most `window` tokens back.
 * Transformer++ and Llama turn q and k by rotary positions, and GPT-2 learns positions; Hope-Attention, which changes
 * nothing of Hope but its memories (§8.3), gives q and k norm 1, has y = Σ_s softmax_s(√D q_t · k_s) v_s where its
 * scores are sharpened, and knows of order by its convolution.
 */
export function softmaxAttention(form: AttentionForm): Mixer {
  return {
    carries: false,
    weights: (width, heads) => {
      const shared = (width / heads) * (form.keyHeads ?? heads);
      const matrices = { w_q: [width, width], w_k: [shared, width], w_v: [shared, width] };
      if (!form.biased) return matrices;
      return { ...matrices, 'w_q.bias': [width], 'w_k.bias': [shared], 'w_v.bias': [shared] };
    },
    start: (width, heads, batch) => {
      const empty = () => tf.zeros<tf.Rank.R3>([batch * (form.keyHeads ?? heads), 0, width / heads]);
      return { k: empty(), v: empty() };
    },
    read: (input, weights, state) => attend(input, weights, state, form),
  };
}

function attend(
  { x, batch, heads, sinceStart: sinceDocument, window }: MixerInput,
  weights: MixerWeights,
  state: MixerState,
  { scores = 'plain', rotaryBase, rotaryScaling, positions, keyHeads = heads, biased }: AttentionForm,
): { out: tf.Tensor2D; state: MixerState } {
  const sinceStart = positions ? sinceDocument.map(since => since % positions) : sinceDocument;
  const part = (name: string, parts: number) =>
    splitHeads(project(x, weights[name], biased ? weights[`${name}.bias`] : undefined), batch, parts);
  const [q, k, v] = [part('w_q', heads), part('w_k', keyHeads), part('w_v', keyHeads)];
  const inner = q.shape[2];
  const placed = (each: tf.Tensor3D, parts: number): tf.Tensor3D => {
    if (scores !== 'plain') return l2Normalize(each);
    if (!rotaryBase) return each;
    return rotate(
      each,
      rotationOf(sinceStart, batch, parts, rotaryFrequencies(inner, rotaryBase, rotaryScaling)),
    );
  };
  const [query, key] = [placed(q, heads), placed(k, keyHeads)];
  const carried = state.k.shape[1];
  const keys = carried ? tf.concat<tf.Tensor3D>([state.k, key], 1) : key;
  const values = carried ? tf.concat<tf.Tensor3D>([state.v, v], 1) : v;
  const mask = documentMask(sinceStart, batch, heads, carried, window);
  // Of q and k with norm 1 the product is at most 1, and over √D no token outweighs another by more than e^(2/√D).
  // √D sharpens it where it else would tame it.
  const sharpness = scores === 'sharpened' ? Math.sqrt(inner) : 1 / Math.sqrt(inner);
  const [seenKeys, seenValues] = [keys, values].map(each => eachQuery(each, heads / keyHeads));
  const asked = tf.mul(tf.matMul(query, seenKeys, false, true), tf.scalar(sharpness));
  const hidden = tf.mul(tf.sub(mask, tf.scalar(1)), tf.scalar(FORBIDDEN));
  const read = tf.matMul<tf.Tensor3D>(tf.softmax(tf.add(asked, hidden)), seenValues);
  return { out: mergeHeads(read, batch), state: { k: latest(keys, window), v: latest(values, window) } };
}

/** Keys or values once for every query that shares them. @param x [B × G, S, D] @returns [B × G × shared, S, D] */
function eachQuery(x: tf.Tensor3D, shared: number): tf.Tensor3D {
  if (shared === 1) return x;
  const [groups, tokens, inner] = x.shape;
  const spread = tf.tile(tf.reshape(x, [groups, 1, tokens, inner]), [1, shared, 1, 1]);
  return tf.reshape(spread, [groups * shared, tokens, inner]);
}

/** What the next token can still look at. */
function latest(x: tf.Tensor3D, window: number): tf.Tensor3D {
  const [groups, tokens, inner] = x.shape;
  const keep = Math.min(tokens, window - 1);
  return tf.slice(x, [0, tokens - keep, 0], [groups, keep, inner]);
}
