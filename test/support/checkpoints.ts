import { join } from 'node:path';
import { type Archive, elementsOf } from '../../engine/archive/archive.ts';
import { openArchive } from '../../engine/archive/openArchive.ts';
import { readValues } from '../../engine/archive/values.ts';

export const CHECKPOINTS = join(import.meta.dirname, '../fixtures/checkpoints');
export const SAFETENSORS = join(import.meta.dirname, '../fixtures/safetensors');

/** A checkpoint among the fixtures. */
export function openFixture(...parts: string[]): Promise<Archive> {
  return openArchive(join(CHECKPOINTS, ...parts));
}

/** Values of a tensor, whole. */
export async function valuesIn(archive: Archive, name: string): Promise<number[]> {
  return Array.from(await readValues(archive, archive.tensors.get(name)!));
}

/** Opens a checkpoint and reads all of it, then closes it. @returns how many values there were */
export async function readWhole(path: string): Promise<number> {
  const archive = await openArchive(path);
  try {
    let count = 0;
    for (const tensor of archive.tensors.values()) {
      // What a file repeats of itself (strides of 0) is no reason to read it over and over.
      const most = Math.min(elementsOf(tensor), 2 ** 16);
      count += (await archive.read(tensor, 0, most)).length;
    }
    return count;
  } finally {
    await archive.close();
  }
}

/** A generator of whole numbers below `bound`; the same seed gives the same numbers. */
export function seeded(seed: number): (bound: number) => number {
  let state = seed >>> 0;
  return bound => {
    // Mulberry32
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * bound);
  };
}

/** A damaged copy of a file: one to four changes of the kinds that break readers. */
export function mutate(bytes: Uint8Array, random: (bound: number) => number): Uint8Array {
  let result = Buffer.from(bytes);
  for (let left = 1 + random(4); left > 0 && result.length > 0; left--) {
    const at = random(result.length);
    switch (random(7)) {
      case 0:
        result[at] ^= 1 << random(8);
        break;
      case 1:
        result[at] = [0, 1, 0x7f, 0x80, 0xff][random(5)];
        break;
      case 2:
        result = result.subarray(0, at);
        break;
      case 3: {
        const length = Math.min(8, result.length - at);
        result.fill(random(2) ? 0xff : 0, at, at + length);
        break;
      }
      case 4: {
        const piece = result.subarray(at, at + random(64));
        result = Buffer.concat([result.subarray(0, at), piece, result.subarray(at)]);
        break;
      }
      case 5:
        result = Buffer.concat([result.subarray(0, at), result.subarray(at + 1 + random(16))]);
        break;
      default:
        if (at + 4 <= result.length) result.writeUInt32LE(random(2 ** 32), at);
    }
  }
  return result;
}
