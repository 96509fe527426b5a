import { tf } from '../../tensor/tf.ts';
import { carriedMask, documentMask } from './document.ts';
import type { MixerInput } from './mixer.ts';

/** Tokens that are computed at once; the matrices of a chunk are this wide. */
const CHUNK = 128;

/** What a recurrence has of T tokens, [G, T, D] each, with masks by document. */
export interface RecurrentChunk {
  readonly parts: readonly tf.Tensor3D[];
  /** Which earlier tokens of the chunk, and itself, a token sees, [G, T, T]. */
  readonly within: tf.Tensor3D;
  /** Whether it sees the state from before the chunk, [G, T, 1]. */
  readonly before: tf.Tensor3D;
}

/**
 * Runs a linear recurrence chunk by chunk; its state is [G, D, D] and holds the document of the last token alone.
 * @param parts what each token gives, [G, T, D] or [G, T, 1]
 */
export function runChunks(
  { batch, heads, sinceStart }: Pick<MixerInput, 'batch' | 'heads' | 'sinceStart'>,
  parts: readonly tf.Tensor3D[],
  start: tf.Tensor3D,
  step: (chunk: RecurrentChunk, state: tf.Tensor3D) => { out: tf.Tensor3D; state: tf.Tensor3D },
): { out: tf.Tensor3D; state: tf.Tensor3D } {
  const tokens = sinceStart.length / batch;
  const lengths: number[] = [];
  for (let at = 0; at < tokens; at += CHUNK) lengths.push(Math.min(CHUNK, tokens - at));
  const pieces = parts.map(part => (lengths.length === 1 ? [part] : tf.split<tf.Tensor3D>(part, lengths, 1)));
  const outputs: tf.Tensor3D[] = [];
  let state = start;
  lengths.forEach((length, i) => {
    const since = new Int32Array(batch * length);
    for (let row = 0; row < batch; row++) {
      const from = row * tokens + i * CHUNK;
      since.set(sinceStart.subarray(from, from + length), row * length);
    }
    const within = documentMask(since, batch, heads, 0, Number.POSITIVE_INFINITY);
    const before = carriedMask(since, batch, heads);
    const read = step({ parts: pieces.map(piece => piece[i]), within, before }, state);
    outputs.push(read.out);
    state = read.state;
  });
  return { out: outputs.length === 1 ? outputs[0] : tf.concat(outputs, 1), state };
}

/** The last row along tokens. @param x [G, T, N] @returns [G, 1, N] */
export function lastToken(x: tf.Tensor3D): tf.Tensor3D {
  const [groups, tokens, columns] = x.shape;
  return tf.slice(x, [0, tokens - 1, 0], [groups, 1, columns]);
}

/** [G, 1, T] to [G, T, 1]. */
export function asColumn(x: tf.Tensor3D): tf.Tensor3D {
  const [groups, , tokens] = x.shape;
  return tf.reshape(x, [groups, tokens, 1]);
}
