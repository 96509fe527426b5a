import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';

/** Higher levels take longer and save little. */
const PARAMETERS = { [constants.ZSTD_c_compressionLevel]: 1 };

/**
 * Numbers as differences to what they were, without loss: training leaves sign, exponent and the first bits of most
 * weights as they are. A word that has one before it is their difference modulo 2³², folded so that small ones of either
 * sign have high bytes of 0: 2d for d ≥ 0, −2d − 1 for d < 0. The answer is the lower half of each word, little-endian,
 * then a Zstandard frame of the highest byte of each and the second of each; the lower halves look like noise.
 * @param words bits of float32 numbers @param before as many of the earlier ones as there are
 */
export function packWords(words: Uint32Array, before: Uint32Array): Uint8Array {
  const n = words.length;
  const { lower, upper } = halves(n);
  const [first, second] = [upper.subarray(0, n), upper.subarray(n)];
  const differences = Math.min(n, before.length);
  for (let i = 0; i < differences; i++) {
    const difference = (words[i] - before[i]) | 0;
    const word = (difference << 1) ^ (difference >> 31);
    lower[i] = word;
    first[i] = word >>> 24;
    second[i] = word >>> 16;
  }
  for (let i = differences; i < n; i++) {
    const word = words[i];
    lower[i] = word;
    first[i] = word >>> 24;
    second[i] = word >>> 16;
  }
  const frame = zstdCompressSync(upper, { params: PARAMETERS, chunkSize: roomFor(upper.length) });
  return Buffer.concat([new Uint8Array(lower.buffer, 0, 2 * n), frame]);
}

/** Memory that one piece after the other is taken apart in: new memory for each takes as long as the taking apart. */
let room = new ArrayBuffer(0);

function halves(n: number): { lower: Uint16Array; upper: Uint8Array } {
  if (room.byteLength < 4 * n) room = new ArrayBuffer(4 * n);
  return { lower: new Uint16Array(room, 0, n), upper: new Uint8Array(room, 2 * n, 2 * n) };
}

/** Fills `words` with what was packed. @throws Error where it is damaged or holds more or fewer numbers */
export function unpackWords(packed: Uint8Array, words: Uint32Array, before: Uint32Array): void {
  const n = words.length;
  // No limit of 0 can be given.
  if (n === 0) return;
  if (packed.length < 2 * n) throw new Error(`${packed.length} bytes are too few for ${n} numbers`);
  const lower = new Uint16Array(n);
  new Uint8Array(lower.buffer).set(packed.subarray(0, 2 * n));
  const frame = packed.subarray(2 * n);
  const upper = zstdDecompressSync(frame, { maxOutputLength: 2 * n, chunkSize: roomFor(2 * n) });
  if (upper.length !== 2 * n) throw new Error(`${upper.length / 2} of ${n} numbers are there`);
  const differences = Math.min(n, before.length);
  for (let i = 0; i < n; i++) {
    const word = (upper[i] << 24) | (upper[n + i] << 16) | lower[i];
    words[i] = i < differences ? before[i] + ((word >>> 1) ^ -(word & 1)) : word;
  }
}

/** What a frame of so many bytes fits into at once, also where it cannot be made shorter. */
function roomFor(bytes: number): number {
  return bytes + (bytes >>> 8) + 1024;
}
