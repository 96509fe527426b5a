import type { ReadingState } from '../model/languageModel.ts';
import type { Memories } from '../model/selfModifyingTitans.ts';
import { tf } from '../tensor/tf.ts';

/** For each row of a batch: 1 puts its memories back to M□,0, 0 carries them on. [B] */
export type ResetMask = Float32Array;

/**
 * Carried memories where the mask is 0, fresh ones (through which the outer gradient reaches M□,0) where it is 1.
 * Chunks still open are dropped: rows are a whole number of chunks long.
 */
export function mergeReset(carried: ReadingState, fresh: ReadingState, reset: ResetMask): ReadingState {
  const batch = reset.length;
  const mix = (old: tf.Tensor3D, start: tf.Tensor3D): tf.Tensor3D => {
    const heads = start.shape[0] / batch;
    const perGroup = Float32Array.from({ length: start.shape[0] }, (_, g) => reset[Math.floor(g / heads)]);
    const mask = tf.tensor3d(perGroup, [start.shape[0], 1, 1]);
    return tf.add(tf.mul(start, mask), tf.mul(old, tf.sub(tf.scalar(1), mask)));
  };
  return {
    blocks: fresh.blocks.map((block, i) => {
      const old = carried.blocks[i].titans.memories;
      const start = block.titans.memories;
      const both = (name: keyof Memories) => ({
        w1: mix(old[name].w1, start[name].w1),
        w2: mix(old[name].w2, start[name].w2),
      });
      const memories = {
        k: both('k'),
        v: both('v'),
        eta: both('eta'),
        alpha: both('alpha'),
        memory: both('memory'),
      };
      return { titans: { memories }, tail: block.tail };
    }),
    sinceStart: fresh.sinceStart,
  };
}
