import { mapMemories, type ReadingState } from '../model/languageModel.ts';
import { mapMemory } from '../model/memoryMlp.ts';
import type { Memories } from '../model/selfModifyingTitans.ts';
import { tf } from '../tensor/tf.ts';

/** For each row of a batch: 1 puts its memories back to M□,0, 0 carries them on. [B] */
export type ResetMask = Float32Array;

/**
 * Carried memories where the mask is 0, fresh ones (through which the outer gradient reaches M□,0) where it is 1.
 * Chunks still open are dropped: rows are a whole number of chunks long. Momentum goes with its memories.
 * @param carries whether a state other than memories is carried too; if not, every row starts fresh
 */
export function mergeReset(
  carried: ReadingState,
  fresh: ReadingState,
  reset: ResetMask,
  carries: boolean,
): ReadingState {
  const batch = reset.length;
  const mix = (old: tf.Tensor3D, start: tf.Tensor3D): tf.Tensor3D => {
    const heads = start.shape[0] / batch;
    const perGroup = Float32Array.from({ length: start.shape[0] }, (_, g) => reset[Math.floor(g / heads)]);
    const mask = tf.tensor3d(perGroup, [start.shape[0], 1, 1]);
    return tf.add(tf.mul(start, mask), tf.mul(old, tf.sub(tf.scalar(1), mask)));
  };
  const mixed = (old: Memories, start: Memories) =>
    mapMemories(start, (memory, name) => mapMemory(memory, (w, part) => mix(old[name]![part]!, w)));
  return {
    blocks: fresh.blocks.map(({ titans, mixer, tail }, i) => {
      const before = carried.blocks[i];
      if (titans && before.titans) {
        const momenta = titans.momenta && mixed(before.titans.momenta!, titans.momenta);
        const memories = mixed(before.titans.memories, titans.memories);
        return { titans: { memories, ...(momenta && { momenta }) }, tail };
      }
      if (!mixer || !carries) return { mixer, tail };
      const kept = Object.entries(mixer).map(([name, x]) => [name, mix(before.mixer![name], x)]);
      return { mixer: Object.fromEntries(kept), tail };
    }),
    sinceStart: fresh.sinceStart,
  };
}
