import { crc32 } from 'node:zlib';
import type { Update } from '../protocol/index.ts';

/** The bytes of a float array, without copying. Little-endian, as every machine that VS Code runs on. */
export function bytesOf(floats: Float32Array): Uint8Array {
  return new Uint8Array(floats.buffer, floats.byteOffset, floats.byteLength);
}

/** Floats from the bytes of a blob, copied: a blob need not start at a multiple of four. */
export function floatsOf(bytes: Uint8Array): Float32Array {
  const floats = new Float32Array(bytes.byteLength / 4);
  bytesOf(floats).set(bytes);
  return floats;
}

/**
 * CRC-32 of an update: index, position and loss as three little-endian doubles (a NaN loss as 0), then the
 * bytes of `metrics`, then those of `surprise`. SQLite itself does not notice a flipped bit inside a value.
 */
export function updateChecksum({ index, position, loss, metrics, surprise }: Update): number {
  const head = new Float64Array([index, position, Number.isNaN(loss) ? 0 : loss + 0]);
  return crc32(bytesOf(surprise), crc32(bytesOf(metrics), crc32(new Uint8Array(head.buffer))));
}
