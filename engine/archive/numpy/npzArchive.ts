import type { ByteFile } from '../../checkpoint/byteFile.ts';
import { CheckpointError } from '../../checkpoint/checkpointError.ts';
import { type Archive, elementsOf, rowMajor, type StoredTensor } from '../archive.ts';
import { elementBytes, swapBytes } from '../dtype.ts';
import type { Storage } from '../storage.ts';
import { readStrided } from '../stridedRead.ts';
import { ZipFile } from '../zipFile.ts';
import { NPY_PREFIX, type NpyHeader, npyHeaderLength, parseNpyHeader } from './npyHeader.ts';

const longestHeader = 2 ** 20;

interface Place {
  readonly header: NpyHeader;
  readonly storage: Storage;
  readonly strides?: readonly number[];
}

/** A NumPy `.npz` file: a zip file of arrays, stored or deflated. Arrays of objects are listed in a note, never read. */
export async function openNpz(file: ByteFile): Promise<Archive> {
  const zip = await ZipFile.open(file);
  const tensors = new Map<string, StoredTensor>();
  const places = new Map<string, Place>();
  const notes: string[] = [];
  for (const entry of zip.entries.keys()) {
    if (!entry.endsWith('.npy')) continue;
    const name = entry.slice(0, -'.npy'.length);
    const storage = await zip.storage(entry);
    const header = await readHeader(storage, entry, file.path).catch(error => {
      if (!(error instanceof RangeError)) throw error;
      notes.push(`${name} was left out: ${error.message}.`);
      return undefined;
    });
    if (!header) continue;
    const strides = header.fortranOrder && header.shape.length > 1 ? columnMajor(header.shape) : undefined;
    places.set(name, { header, storage, strides });
    tensors.set(name, storedTensor(name, header, storage, strides));
  }
  if (tensors.size === 0 && notes.length === 0) {
    throw new CheckpointError('this zip file holds no NumPy arrays', file.path);
  }
  return {
    path: file.path,
    format: 'NumPy',
    tensors,
    metadata: {},
    notes,
    async read({ name, dtype }, from, to) {
      const { header, storage, strides } = places.get(name)!;
      const size = elementBytes(dtype);
      const data: Storage = {
        ...storage,
        read: (begin, end) => storage.read(header.length + begin, header.length + end),
      };
      const bytes = strides
        ? await readStrided(data, { shape: header.shape, strides, offset: 0 }, size, from, to)
        : await data.read(from * size, to * size);
      return header.bigEndian ? swapBytes(bytes, dtype) : bytes;
    },
    close: () => file.close(),
  };
}

/** @throws RangeError for an array that is not of numbers, CheckpointError for one that is cut off */
async function readHeader(storage: Storage, entry: string, path: string): Promise<NpyHeader> {
  const prefix = await storage.read(0, Math.min(storage.size, NPY_PREFIX));
  const length = npyHeaderLength(prefix);
  const fail = (fault: string) => new CheckpointError(`entry ${JSON.stringify(entry)}: ${fault}`, path);
  if (length > Math.min(storage.size, longestHeader)) throw fail(`its header claims ${length} bytes`);
  const header = parseNpyHeader(await storage.read(0, length));
  const needed = header.length + elementsOf(header) * elementBytes(header.dtype);
  if (needed !== storage.size) {
    throw fail(`shape [${header.shape}] of ${header.dtype} needs ${needed} bytes, it has ${storage.size}`);
  }
  return header;
}

function storedTensor(
  name: string,
  { dtype, shape, length }: NpyHeader,
  { file, begin, end, compressed }: Storage,
  strides?: readonly number[],
): StoredTensor {
  return {
    name,
    dtype,
    shape,
    file,
    begin: compressed ? begin : begin + length,
    end,
    ...(compressed ? { compressed } : {}),
    ...(strides ? { strides } : {}),
  };
}

function columnMajor(shape: readonly number[]): number[] {
  return rowMajor(shape.toReversed()).reverse();
}
