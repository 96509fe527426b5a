import { writeAtomically } from './atomicFile.ts';
import { ByteFile } from './byteFile.ts';
import { CheckpointError } from './checkpointError.ts';
import {
  headerLength,
  lengthField,
  parseSafetensorsHeader,
  type SafetensorsHeader,
} from './safetensorsHeader.ts';
import { tensorTypes } from './tensorDecoder.ts';

/** A tensor in float32, row-major. `dtype` is what the file holds, for example `BF16`. */
export interface NamedTensor {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** A whole safetensors file; tensors in the order of their data. */
export interface SafetensorsFile {
  readonly tensors: ReadonlyMap<string, NamedTensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Reads a file whole. Every fault is a `CheckpointError`; no memory is taken for sizes the file only claims. */
export async function readSafetensors(path: string): Promise<SafetensorsFile> {
  return withFile(path, async file => {
    const { tensors: entries, metadata } = await readHeader(file);
    const tensors = new Map<string, NamedTensor>();
    for (const { name, dtype, shape, begin, end } of entries.values()) {
      const bytes = await file.read(begin, end);
      tensors.set(name, { name, dtype, shape, data: decode(dtype, bytes) });
    }
    return { tensors, metadata };
  });
}

/** Reads names, types, shapes and byte ranges only: no more than the header leaves the disk. */
export async function readSafetensorsHeader(path: string): Promise<SafetensorsHeader> {
  return withFile(path, readHeader);
}

/** Like `readSafetensors` for bytes already in memory, which values may share; `path` is for the error messages. */
export function parseSafetensors(bytes: Uint8Array, path: string): SafetensorsFile {
  const length = headerLength(bytes, bytes.length, path);
  const header = bytes.subarray(lengthField, lengthField + length);
  const { tensors: entries, metadata } = parseSafetensorsHeader(header, bytes.length, path);
  const tensors = new Map<string, NamedTensor>();
  for (const { name, dtype, shape, begin, end } of entries.values()) {
    const part = bytes.subarray(begin, end);
    tensors.set(name, { name, dtype, shape, data: viewed(dtype, part) ?? decode(dtype, part) });
  }
  return { tensors, metadata };
}

/** Float32 values where they lie; undefined for another dtype, and for a place where a view cannot begin. */
function viewed(dtype: string, { buffer, byteOffset, length }: Uint8Array): Float32Array | undefined {
  if (dtype !== 'F32' || byteOffset % 4) return undefined;
  return new Float32Array(buffer, byteOffset, length / 4);
}

/**
 * Writes float32 tensors in the order given, atomically. The data starts at a multiple of 8 bytes and the same
 * input gives the same bytes. Throws `CheckpointError` for a name used twice or data that does not fit its shape.
 */
export async function writeSafetensors(
  path: string,
  tensors: Iterable<Pick<NamedTensor, 'name' | 'shape' | 'data'>>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  await writeAtomically(path, serializeSafetensors(path, tensors, metadata));
}

/**
 * The file that `writeSafetensors` would write, in memory.
 * @param room an earlier answer that may be written over, where the new file fits into its memory
 */
export function encodeSafetensors(
  tensors: Iterable<Pick<NamedTensor, 'name' | 'shape' | 'data'>>,
  metadata: Readonly<Record<string, string>> = {},
  room: (length: number) => Uint8Array = length => new Uint8Array(length),
): Uint8Array {
  const pieces = serializeSafetensors('memory', tensors, metadata);
  const length = pieces.reduce((sum, piece) => sum + piece.byteLength, 0);
  const file = room(length);
  let at = 0;
  for (const piece of pieces) {
    file.set(piece, at);
    at += piece.byteLength;
  }
  return file;
}

/** The pieces of the file: length field and header, then each tensor's bytes, not copied. */
function serializeSafetensors(
  path: string,
  tensors: Iterable<Pick<NamedTensor, 'name' | 'shape' | 'data'>>,
  metadata: Readonly<Record<string, string>>,
): Uint8Array[] {
  const all = [...tensors];
  const entries = all.map(({ name, shape, data }) => {
    const size = shape.reduce((product, length) => product * length, 1);
    if (size !== data.length) {
      throw new CheckpointError(
        `tensor ${JSON.stringify(name)}: shape [${shape}] does not fit ${data.length} values`,
        path,
      );
    }
    return { name, dtype: 'F32', shape, bytes: data.byteLength };
  });
  return [
    safetensorsHead(path, entries, metadata),
    ...all.map(({ data }) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength)),
  ];
}

/** A tensor that a header announces; its bytes follow those of the one before. */
export interface HeadEntry {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly bytes: number;
}

/**
 * Length field and header of a file with these tensors.
 * @throws CheckpointError for a name used twice or reserved by the format
 */
export function safetensorsHead(
  path: string,
  tensors: readonly HeadEntry[],
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const entries = new Map<string, unknown>();
  if (Object.keys(metadata).length > 0) entries.set('__metadata__', metadata);
  let end = 0;
  for (const { name, dtype, shape, bytes } of tensors) {
    const fail = (fault: string) => new CheckpointError(`tensor ${JSON.stringify(name)}: ${fault}`, path);
    if (name === '__metadata__') throw fail('this name is reserved by the format');
    if (entries.has(name)) throw fail('the name occurs twice');
    entries.set(name, { dtype, shape, data_offsets: [end, end + bytes] });
    end += bytes;
  }
  return headerBytes(entries);
}

/** JSON built entry by entry: an object would put names that look like integers first. */
function headerBytes(entries: ReadonlyMap<string, unknown>): Uint8Array {
  const members = [...entries].map(([name, entry]) => `${JSON.stringify(name)}:${JSON.stringify(entry)}`);
  const json = Buffer.from(`{${members.join(',')}}`);
  const length = Math.ceil(json.length / 8) * 8;
  const bytes = Buffer.alloc(lengthField + length, ' ');
  bytes.writeBigUInt64LE(BigInt(length), 0);
  json.copy(bytes, lengthField);
  return bytes;
}

async function withFile<T>(path: string, read: (file: ByteFile) => Promise<T>): Promise<T> {
  const file = await ByteFile.open(path);
  try {
    return await read(file);
  } finally {
    await file.close();
  }
}

/** Names, types, shapes and byte ranges of an open file. */
export async function readHeader(file: ByteFile): Promise<SafetensorsHeader> {
  const field = await file.read(0, Math.min(file.size, lengthField));
  const length = headerLength(field, file.size, file.path);
  const header = await file.read(lengthField, lengthField + length);
  return parseSafetensorsHeader(header, file.size, file.path);
}

/** The header was checked, so the dtype is known and the bytes are a whole number of elements. */
function decode(dtype: string, bytes: Uint8Array): Float32Array {
  const type = tensorTypes.get(dtype)!;
  return type.decode(bytes, bytes.length / type.bytes);
}
