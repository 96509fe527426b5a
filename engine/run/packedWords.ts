import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';

/** Higher levels take longer and save little. */
const PARAMETERS = { [constants.ZSTD_c_compressionLevel]: 1 };

/**
 * Numbers as differences to what they were, without loss: training leaves sign, exponent and the first bits of most
 * weights as they are. The answer is a Zstandard frame of the highest byte of each word, then the second of each, the third
 * and the lowest. A word that has one before it is their difference modulo 2³², folded so that small ones of either sign
 * have high bytes of 0: 2d for d ≥ 0, −2d − 1 for d < 0.
 * @param words bits of float32 numbers @param before as many of the earlier ones as there are
 */
export function packWords(words: Uint32Array, before: Uint32Array): Uint8Array {
  const planes = new Uint8Array(4 * words.length);
  const [a, b, c, d] = planesOf(planes);
  const differences = Math.min(words.length, before.length);
  for (let i = 0; i < words.length; i++) {
    let word = words[i];
    if (i < differences) {
      const difference = (word - before[i]) | 0;
      word = (difference << 1) ^ (difference >> 31);
    }
    a[i] = word >>> 24;
    b[i] = word >>> 16;
    c[i] = word >>> 8;
    d[i] = word;
  }
  return zstdCompressSync(planes, { params: PARAMETERS, chunkSize: roomFor(planes.length) });
}

/** Fills `words` with what was packed. @throws Error where the frame is damaged or holds more or fewer numbers */
export function unpackWords(frame: Uint8Array, words: Uint32Array, before: Uint32Array): void {
  const length = 4 * words.length;
  // No limit of 0 can be given.
  if (length === 0) return;
  const planes = zstdDecompressSync(frame, { maxOutputLength: length, chunkSize: roomFor(length) });
  if (planes.length !== length) throw new Error(`${planes.length / 4} of ${words.length} numbers are there`);
  const [a, b, c, d] = planesOf(planes);
  const differences = Math.min(words.length, before.length);
  for (let i = 0; i < words.length; i++) {
    const word = (a[i] << 24) | (b[i] << 16) | (c[i] << 8) | d[i];
    words[i] = i < differences ? before[i] + ((word >>> 1) ^ -(word & 1)) : word;
  }
}

function planesOf(bytes: Uint8Array): Uint8Array[] {
  const n = bytes.length / 4;
  return [0, 1, 2, 3].map(plane => bytes.subarray(plane * n, (plane + 1) * n));
}

/** What a frame of so many bytes fits into at once, also where it cannot be made shorter. */
function roomFor(bytes: number): number {
  return bytes + (bytes >>> 8) + 1024;
}
