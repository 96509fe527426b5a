import type { ByteFile } from '../../checkpoint/byteFile.ts';
import { CheckpointError } from '../../checkpoint/checkpointError.ts';
import { type Archive, type ArchiveFormat, elementsOf, rowMajor, type StoredTensor } from '../archive.ts';
import { elementBytes, swapBytes } from '../dtype.ts';
import type { Storage } from '../storage.ts';
import { type Layout, readStrided } from '../stridedRead.ts';
import type { TorchContents } from './contents.ts';
import type { StorageName, TorchTensor } from './torchObjects.ts';

interface Place extends Layout {
  readonly storage: Storage;
  readonly contiguous: boolean;
}

export interface TorchSource {
  readonly file: ByteFile;
  readonly format: ArchiveFormat;
  readonly contents: TorchContents;
  readonly notes: readonly string[];
  readonly bigEndian: boolean;
  /** Finds the bytes of a storage. */
  storageOf(name: StorageName): Promise<Storage>;
}

/** The archive of what a pickle describes. Every tensor is checked against the bytes that are there. */
export async function torchArchive(source: TorchSource): Promise<Archive> {
  const { file, contents, bigEndian } = source;
  const tensors = new Map<string, StoredTensor>();
  const places = new Map<string, Place>();
  const firsts = new Map<string, string>();
  for (const [name, tensor] of contents.tensors) {
    const storage = await source.storageOf(tensor.storage).catch(error => {
      throw new CheckpointError(`tensor ${JSON.stringify(name)}: ${withoutPath(error, file)}`, file.path);
    });
    const place = placeOf(name, tensor, storage, file.path);
    const identity = `${tensor.storage.key} ${tensor.dtype} ${tensor.offset} ${tensor.shape} ${tensor.strides}`;
    const sameAs = elementsOf(tensor) > 0 ? firsts.get(identity) : undefined;
    if (sameAs === undefined) firsts.set(identity, name);
    places.set(name, place);
    tensors.set(name, { ...storedTensor(name, tensor, place, sameAs), keys: contents.keys.get(name) });
  }
  return {
    path: file.path,
    format: source.format,
    tensors,
    metadata: contents.metadata,
    config: contents.config,
    notes: [...source.notes, ...contents.notes],
    async read({ name, dtype }, from, to, into) {
      const place = places.get(name)!;
      const size = elementBytes(dtype);
      const begin = place.offset + from;
      const bytes = place.contiguous
        ? await place.storage.read(begin * size, (begin + to - from) * size, into)
        : await readStrided(place.storage, place, size, from, to);
      return bigEndian ? swapBytes(bytes, dtype) : bytes;
    },
    close: () => file.close(),
  };
}

function storedTensor(name: string, tensor: TorchTensor, place: Place, sameAs?: string): StoredTensor {
  const { storage, contiguous, offset, shape, strides } = place;
  const size = elementBytes(tensor.dtype);
  const at = storage.compressed
    ? { begin: storage.begin, end: storage.end, compressed: true }
    : { begin: storage.begin + offset * size, end: storage.begin + extentOf(place) * size };
  const elements = elementsOf(tensor);
  return {
    name,
    dtype: tensor.dtype,
    shape,
    file: storage.file,
    ...(elements ? at : { begin: storage.begin, end: storage.begin }),
    ...(contiguous ? {} : { strides }),
    ...(sameAs === undefined ? {} : { sameAs }),
  };
}

function placeOf(
  name: string,
  { dtype, offset, shape, strides, storage: named }: TorchTensor,
  storage: Storage,
  path: string,
): Place {
  const fail = (fault: string) => new CheckpointError(`tensor ${JSON.stringify(name)}: ${fault}`, path);
  const place = { storage, offset, shape, strides, contiguous: isRowMajor(shape, strides) };
  if (!Number.isSafeInteger(elementsOf({ shape }))) throw fail(`shape [${shape}] overflows`);
  const claimed = named.length * (named.dtype === undefined ? 1 : elementBytes(named.dtype));
  if (storage.size !== claimed) {
    throw fail(
      `its storage ${named.key} should have ${claimed} bytes, but has ${storage.size} (file byte ${storage.begin})`,
    );
  }
  const needed = extentOf(place) * elementBytes(dtype);
  if (elementsOf({ shape }) > 0 && !(needed <= storage.size)) {
    const where = `shape [${shape}] with strides [${strides}] from element ${offset}`;
    throw fail(`${where} needs ${needed} bytes of storage ${named.key}, which has ${storage.size}`);
  }
  return place;
}

/** Elements of the storage up to the last one of the tensor. */
function extentOf({ shape, strides, offset }: Layout): number {
  return shape.reduce((last, length, axis) => last + Math.max(0, length - 1) * strides[axis], offset) + 1;
}

/** Strides of axes of length 1 are never used. */
function isRowMajor(shape: readonly number[], strides: readonly number[]): boolean {
  return rowMajor(shape).every((stride, axis) => shape[axis] <= 1 || stride === strides[axis]);
}

function withoutPath(error: unknown, { path }: ByteFile): string {
  return error instanceof CheckpointError ? error.message.replace(`${path}: `, '') : String(error);
}
