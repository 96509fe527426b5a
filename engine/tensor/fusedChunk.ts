import type { ChunkTokens, FusedWrite, Weights } from './memoryChunk.ts';
import { tf } from './tf.ts';

/** Memories that one call can write. */
const MOST_MEMORIES = 4;

/**
 * The write of a chunk to several memories by the backend's own kernel 'HopeChunkWrite': inputs k, v, eta, logAlpha
 * and w1_0, w2_0, w1_1 …, attributes `gradientCeiling` (Infinity for none) and `rate`, which multiplies every η;
 * outputs W1, W2, what was subtracted from each and the surprise, memory by memory. The kernel has no gradient.
 * @returns undefined where the backend has no such kernel, a memory is wider inside than its keys, or the write is
 * being differentiated
 */
export function fusedChunkWrite(
  memories: readonly Weights[],
  { k, v, eta, logAlpha }: Omit<ChunkTokens, 'q'>,
  gradientCeiling: number,
  rate: number,
): Required<Omit<FusedWrite, 'read'>>[] | undefined {
  const { gradientDepth } = tf.engine().state;
  if (gradientDepth > 0 || memories.length > MOST_MEMORIES) return undefined;
  if (memories.some(({ w2 }) => w2.shape[1] !== w2.shape[2])) return undefined;
  if (!tf.getKernel('HopeChunkWrite', tf.getBackend())) return undefined;
  const weights = Object.fromEntries(
    memories.flatMap(({ w1, w2 }, i) => [
      [`w1_${i}`, w1],
      [`w2_${i}`, w2],
    ]),
  );
  const inputs = { k, v, eta, logAlpha, ...weights };
  const out = tf.engine().runKernel('HopeChunkWrite', inputs, { gradientCeiling, rate }) as tf.Tensor3D[];
  return memories.map((_, i) => {
    const [w1, w2, taken1, taken2, surprise] = out.slice(5 * i, 5 * i + 5);
    return { weights: { w1, w2 }, subtracted: { w1: taken1, w2: taken2 }, surprise };
  });
}
