import { tensorTypes } from '../checkpoint/tensorDecoder.ts';

/** Values of a tensor: float64 where float32 could not hold them. */
export type Values = Float32Array | Float64Array;

const complex: ReadonlyMap<string, number> = new Map([
  ['C64', 8],
  ['C128', 16],
]);

/** Bytes of an element. @throws RangeError for a dtype that is not known */
export function elementBytes(dtype: string): number {
  const bytes = tensorTypes.get(dtype)?.bytes ?? complex.get(dtype);
  if (bytes === undefined) throw new RangeError(`dtype ${dtype} is not known`);
  return bytes;
}

/** Whether values of this dtype can be read as numbers. */
export function isReadable(dtype: string): boolean {
  return tensorTypes.has(dtype);
}

/**
 * Little-endian elements as numbers, exactly; only I64 and U64 beyond 2^53 are rounded to the nearest float64. May
 * share the memory of `bytes`.
 */
export function decodeValues(dtype: string, bytes: Uint8Array): Values {
  const count = bytes.length / elementBytes(dtype);
  const aligned = bytes.byteOffset % 8 === 0 ? bytes : bytes.slice();
  const { buffer, byteOffset } = aligned;
  switch (dtype) {
    case 'F32':
      return new Float32Array(buffer as ArrayBuffer, byteOffset, count);
    case 'F64':
      return new Float64Array(buffer as ArrayBuffer, byteOffset, count);
    case 'I32':
      return Float64Array.from(new Int32Array(buffer, byteOffset, count));
    case 'U32':
      return Float64Array.from(new Uint32Array(buffer, byteOffset, count));
    case 'I64':
      return Float64Array.from(new BigInt64Array(buffer, byteOffset, count), Number);
    case 'U64':
      return Float64Array.from(new BigUint64Array(buffer, byteOffset, count), Number);
    default: {
      const type = tensorTypes.get(dtype);
      if (!type) throw new RangeError(`values of dtype ${dtype} cannot be read`);
      return type.decode(aligned, count);
    }
  }
}

/** Turns big-endian elements round in place. */
export function swapBytes(bytes: Uint8Array, dtype: string): Uint8Array {
  // A complex number is a pair.
  const size = complex.has(dtype) ? elementBytes(dtype) / 2 : elementBytes(dtype);
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (size === 2) view.swap16();
  else if (size === 4) view.swap32();
  else if (size === 8) view.swap64();
  return bytes;
}
