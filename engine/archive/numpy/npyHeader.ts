/** What a `.npy` file says before its data. */
export interface NpyHeader {
  /** As safetensors names it. */
  readonly dtype: string;
  readonly bigEndian: boolean;
  readonly fortranOrder: boolean;
  readonly shape: readonly number[];
  /** Bytes in front of the data. */
  readonly length: number;
}

const MAGIC = '\x93NUMPY';
const dtypes: Readonly<Record<string, string>> = {
  f8: 'F64',
  f4: 'F32',
  f2: 'F16',
  i8: 'I64',
  u8: 'U64',
  i4: 'I32',
  u4: 'U32',
  i2: 'I16',
  u2: 'U16',
  i1: 'I8',
  u1: 'U8',
  b1: 'BOOL',
  c8: 'C64',
  c16: 'C128',
};
const mostAxes = 64;

/** Bytes to read before the length of the header is known. */
export const NPY_PREFIX = 12;

/** Bytes of the whole header, from its first `NPY_PREFIX` ones. @throws RangeError when it is no NumPy array */
export function npyHeaderLength(prefix: Uint8Array): number {
  const text = Buffer.from(prefix).toString('latin1');
  if (prefix.length < NPY_PREFIX || !text.startsWith(MAGIC)) throw new RangeError('this is no NumPy array');
  const version = prefix[6];
  if (version < 1 || version > 3) throw new RangeError(`version ${version} of the NumPy format is not read`);
  const view = Buffer.from(prefix);
  return version === 1 ? 10 + view.readUInt16LE(8) : 12 + view.readUInt32LE(8);
}

/**
 * The header in full: `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`.
 * @throws RangeError naming what is wrong, or the type of an array of objects, texts or records
 */
export function parseNpyHeader(bytes: Uint8Array): NpyHeader {
  const length = npyHeaderLength(bytes);
  const text = Buffer.from(bytes.subarray(bytes[6] === 1 ? 10 : 12, length)).toString('latin1');
  const descr = /'descr':\s*('([^']{1,40})'|\[)/.exec(text);
  const order = /'fortran_order':\s*(True|False)/.exec(text)?.[1];
  const shapeText = /'shape':\s*\(([\d,\sL]*)\)/.exec(text)?.[1];
  if (!descr || order === undefined || shapeText === undefined) {
    throw new RangeError('the header of the NumPy array cannot be read');
  }
  const [, endian, kind] = /^([<>|=])(.*)$/.exec(descr[2] ?? '') ?? [];
  const dtype = dtypes[kind ?? ''];
  if (dtype === undefined) {
    throw new RangeError(
      `a NumPy array of ${descr[2] ? `type ${descr[2]}` : 'records'} is not read, only numbers`,
    );
  }
  const shape = shapeText
    .split(',')
    .map(part => part.trim().replace(/L$/, ''))
    .filter(Boolean)
    .map(Number);
  if (shape.length > mostAxes || !shape.every(Number.isSafeInteger)) {
    throw new RangeError('the shape of the NumPy array cannot be read');
  }
  return { dtype, bigEndian: endian === '>', fortranOrder: order === 'True', shape, length };
}
