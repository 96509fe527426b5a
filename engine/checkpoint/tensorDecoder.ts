/** Payload bytes (little endian, any alignment) of `count` elements to float32, rounded to nearest. */
export type TensorDecoder = (bytes: Uint8Array, count: number) => Float32Array;

/** A dtype of the safetensors format: bytes an element, and how to read it. */
export interface TensorType {
  readonly bytes: number;
  readonly decode: TensorDecoder;
}

/**
 * The dtypes that can be read. Values beyond float32 become ±Infinity, integers beyond 2^24 are rounded,
 * BOOL becomes 0 or 1.
 */
export const tensorTypes: ReadonlyMap<string, TensorType> = new Map<string, TensorType>([
  ['F64', each(8, (view, at) => view.getFloat64(at, true))],
  ['F32', { bytes: 4, decode: copyFloat32 }],
  ['F16', tabulated(2, code => smallFloat(code, 5, 10))],
  ['BF16', { bytes: 2, decode: decodeBfloat16 }],
  ['F8_E4M3', tabulated(1, eightBitFloat)],
  ['F8_E5M2', tabulated(1, code => smallFloat(code, 5, 2))],
  ['I64', each(8, (view, at) => Number(view.getBigInt64(at, true)))],
  ['U64', each(8, (view, at) => Number(view.getBigUint64(at, true)))],
  ['I32', each(4, (view, at) => view.getInt32(at, true))],
  ['U32', each(4, (view, at) => view.getUint32(at, true))],
  ['I16', each(2, (view, at) => view.getInt16(at, true))],
  ['U16', each(2, (view, at) => view.getUint16(at, true))],
  ['I8', each(1, (view, at) => view.getInt8(at))],
  ['U8', each(1, (view, at) => view.getUint8(at))],
  ['BOOL', each(1, (view, at) => (view.getUint8(at) === 0 ? 0 : 1))],
]);

function each(bytes: number, read: (view: DataView, at: number) => number): TensorType {
  return {
    bytes,
    decode(payload, count) {
      const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
      const data = new Float32Array(count);
      for (let index = 0; index < count; index++) data[index] = read(view, index * bytes);
      return data;
    },
  };
}

/** Few codes, many elements: every code is computed once, at the first use. */
function tabulated(bytes: 1 | 2, value: (code: number) => number): TensorType {
  let table: Float32Array | undefined;
  return {
    bytes,
    decode(payload, count) {
      table ??= Float32Array.from({ length: 256 ** bytes }, (_, code) => value(code));
      const data = new Float32Array(count);
      for (let index = 0; index < count; index++) {
        const code = bytes === 1 ? payload[index]! : payload[2 * index]! | (payload[2 * index + 1]! << 8);
        data[index] = table[code]!;
      }
      return data;
    },
  };
}

/** Bytes rather than elements are copied, because the payload may start at an odd address. */
function copyFloat32(payload: Uint8Array, count: number): Float32Array {
  const data = new Float32Array(count);
  new Uint8Array(data.buffer).set(payload);
  return data;
}

/** bfloat16 is the upper half of a float32. */
function decodeBfloat16(payload: Uint8Array, count: number): Float32Array {
  const bits = new Uint32Array(count);
  for (let index = 0; index < count; index++) {
    bits[index] = (payload[2 * index]! | (payload[2 * index + 1]! << 8)) << 16;
  }
  return new Float32Array(bits.buffer);
}

/** An IEEE 754 float of `1 + exponentBits + mantissaBits` bits, with infinities and NaN. */
function smallFloat(code: number, exponentBits: number, mantissaBits: number): number {
  const steps = 2 ** mantissaBits;
  const top = 2 ** exponentBits - 1;
  const sign = code >> (exponentBits + mantissaBits) === 0 ? 1 : -1;
  const exponent = (code >> mantissaBits) & top;
  const mantissa = (code & (steps - 1)) / steps;
  if (exponent === top) return mantissa === 0 ? sign * Infinity : NaN;
  return sign * magnitude(exponent, mantissa, (top - 1) / 2);
}

/** E4M3 as OCP defines it: no infinities, only 0x7f and 0xff are NaN. */
function eightBitFloat(code: number): number {
  if ((code & 0x7f) === 0x7f) return NaN;
  return (code & 0x80 ? -1 : 1) * magnitude((code >> 3) & 15, (code & 7) / 8, 7);
}

function magnitude(exponent: number, mantissa: number, bias: number): number {
  return exponent === 0 ? mantissa * 2 ** (1 - bias) : (1 + mantissa) * 2 ** (exponent - bias);
}
