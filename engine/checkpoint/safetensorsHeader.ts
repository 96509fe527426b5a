import { CheckpointError } from './checkpointError.ts';
import { parseStrictJson } from './strictJson.ts';
import { tensorTypes } from './tensorDecoder.ts';

/** Where one tensor lies. `begin` and `end` count bytes from the start of the file. */
export interface TensorEntry {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/** What a safetensors file says before its data; tensors in the order of their data. */
export interface SafetensorsHeader {
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Bytes of the length field in front of the header. */
export const lengthField = 8;
// The limit of the reference reader; no real header comes near it.
const longestHeader = 100_000_000;

/**
 * Header length in bytes from the first eight bytes of a file of `fileSize` bytes.
 * Throws `CheckpointError` when the file cannot hold a header of that length.
 */
export function headerLength(bytes: Uint8Array, fileSize: number, path: string): number {
  if (fileSize < lengthField || bytes.length < lengthField) {
    throw new CheckpointError(`the file has ${fileSize} bytes, too few for a safetensors header`, path);
  }
  const length = new DataView(bytes.buffer, bytes.byteOffset, lengthField).getBigUint64(0, true);
  if (length > BigInt(fileSize - lengthField)) {
    throw new CheckpointError(
      `the header should have ${length} bytes, but only ${fileSize - lengthField} follow`,
      path,
    );
  }
  if (length > BigInt(longestHeader)) {
    throw new CheckpointError(`the header has ${length} bytes; at most ${longestHeader} are read`, path);
  }
  return Number(length);
}

/**
 * Checks and reads the header text of a file of `fileSize` bytes: every tensor's type, shape and bytes must
 * agree, and the tensors must cover the data exactly. Throws `CheckpointError` naming the tensor and the fault.
 */
export function parseSafetensorsHeader(bytes: Uint8Array, fileSize: number, path: string): SafetensorsHeader {
  const json = headerJson(bytes, path);
  const dataStart = lengthField + bytes.length;
  const entries: TensorEntry[] = [];
  let metadata: Readonly<Record<string, string>> = {};
  for (const [name, value] of Object.entries(json)) {
    if (name === '__metadata__') metadata = parseMetadata(value, path);
    else entries.push(parseEntry(name, value, dataStart, path));
  }
  // Not the order of the header: objects list names that look like integers first.
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end);
  checkCoverage(entries, dataStart, fileSize, path);
  return { tensors: new Map(entries.map(entry => [entry.name, entry])), metadata };
}

function headerJson(bytes: Uint8Array, path: string): object {
  let json: unknown;
  try {
    json = parseStrictJson(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch (error) {
    const reason = error instanceof SyntaxError ? error.message : 'it is not UTF-8 text';
    throw new CheckpointError(`the safetensors header cannot be read: ${reason}`, path);
  }
  if (!isObject(json)) throw new CheckpointError('the safetensors header is not a JSON object', path);
  return json;
}

function parseMetadata(value: unknown, path: string): Readonly<Record<string, string>> {
  if (!isObject(value)) throw new CheckpointError('__metadata__ is not a JSON object', path);
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== 'string') {
      throw new CheckpointError(`__metadata__: ${JSON.stringify(key)} is not a string`, path);
    }
  }
  return value as Record<string, string>;
}

function parseEntry(name: string, value: unknown, dataStart: number, path: string): TensorEntry {
  const fail = (fault: string) => new CheckpointError(`tensor ${JSON.stringify(name)}: ${fault}`, path);
  if (!isObject(value)) throw fail('its entry is not a JSON object');
  const { dtype, shape, data_offsets: offsets } = value as Record<string, unknown>;
  if (typeof dtype !== 'string') throw fail('dtype is missing or not a string');
  const type = tensorTypes.get(dtype);
  if (type === undefined) {
    throw fail(`dtype ${dtype.slice(0, 32)} cannot be read; known are ${[...tensorTypes.keys()].join(', ')}`);
  }
  if (!isCounts(shape)) throw fail('shape is not a list of whole numbers from 0 to 2^53 − 1');
  if (!isCounts(offsets) || offsets.length !== 2) throw fail('data_offsets is not a pair of byte positions');
  const [begin, end] = offsets as [number, number];
  const bytes = bytesOf(shape, type.bytes);
  if (bytes === undefined) throw fail(`shape [${shape}] overflows`);
  if (end - begin !== bytes) {
    throw fail(`shape [${shape}] of ${dtype} needs ${bytes} bytes, data_offsets give ${end - begin}`);
  }
  if (!Number.isSafeInteger(dataStart + end)) throw fail(`data_offsets [${offsets}] overflow`);
  return { name, dtype, shape, begin: dataStart + begin, end: dataStart + end };
}

/** The sorted tensors' bytes must follow each other without hole or overlap and end where the file ends. */
function checkCoverage(
  entries: readonly TensorEntry[],
  dataStart: number,
  fileSize: number,
  path: string,
): void {
  let at = dataStart;
  for (const { name, begin, end } of entries) {
    if (begin !== at) {
      const fault =
        begin < at ? 'overlaps the tensor before it' : `leaves ${begin - at} bytes unused before it`;
      throw new CheckpointError(`tensor ${JSON.stringify(name)}: ${fault} (file byte ${begin})`, path);
    }
    if (end > fileSize) {
      const fault = `ends at file byte ${end}, but the file has ${fileSize}; it is cut off or damaged`;
      throw new CheckpointError(`tensor ${JSON.stringify(name)}: ${fault}`, path);
    }
    at = end;
  }
  if (at !== fileSize) {
    throw new CheckpointError(`${fileSize - at} bytes after the last tensor belong to no tensor`, path);
  }
}

/** Bytes of a shape, undefined when any partial product leaves the exact integers. */
function bytesOf(shape: readonly number[], elementBytes: number): number | undefined {
  let product = 1;
  for (const size of shape) {
    product *= size;
    if (!Number.isSafeInteger(product)) return undefined;
  }
  return Number.isSafeInteger(product * elementBytes) ? product * elementBytes : undefined;
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every(item => Number.isSafeInteger(item) && item >= 0);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
