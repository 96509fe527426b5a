import { writeAtomically } from '../checkpoint/atomicFile.ts';
import { CheckpointError } from '../checkpoint/checkpointError.ts';
import { safetensorsHead } from '../checkpoint/safetensors.ts';
import { type Archive, elementsOf, type StoredTensor } from './archive.ts';
import { elementBytes, isReadable } from './dtype.ts';
import type { LevelMap } from './levelMap.ts';

const pieceBytes = 2 ** 22;

export interface ConvertOptions {
  /** Also what is no weight of the model, for example the optimizer's moments. */
  readonly all?: boolean;
  readonly signal?: AbortSignal;
  /** Told after every piece. */
  onProgress?(bytes: number, total: number): void;
}

/** What was written. */
export interface Converted {
  readonly tensors: number;
  readonly bytes: number;
  /** Tied tensors, written once: name to the name that is there. */
  readonly tied: Readonly<Record<string, string>>;
  readonly leftOut: readonly string[];
}

/**
 * Writes an archive as one safetensors file, value for value in its own dtypes, atomically and a piece in memory at a
 * time. The metadata says where every tensor belongs (`hopescope.places`), which are tied and how the model was built.
 * @throws CheckpointError for a tensor of a dtype that safetensors has not
 */
export async function convertToSafetensors(
  archive: Archive,
  map: LevelMap,
  path: string,
  { all = false, signal, onProgress }: ConvertOptions = {},
): Promise<Converted> {
  const chosen: StoredTensor[] = [];
  const leftOut: string[] = [];
  const tied: [string, string][] = [];
  for (const tensor of archive.tensors.values()) {
    if (!all && map.place(tensor.name).level === undefined) leftOut.push(tensor.name);
    else if (tensor.sameAs !== undefined) tied.push([tensor.name, tensor.sameAs]);
    else if (isReadable(tensor.dtype)) chosen.push(tensor);
    else {
      throw new CheckpointError(
        `tensor ${JSON.stringify(tensor.name)}: safetensors has no dtype ${tensor.dtype}`,
        tensor.file,
        'Convert the tensor to a real type first.',
      );
    }
  }
  const entries = chosen.map(tensor => ({
    name: tensor.name,
    dtype: tensor.dtype,
    shape: tensor.shape,
    bytes: elementsOf(tensor) * elementBytes(tensor.dtype),
  }));
  const total = entries.reduce((sum, { bytes }) => sum + bytes, 0);
  const metadata = metadataOf(archive, map, chosen, tied);
  const head = safetensorsHead(path, entries, metadata);
  async function* pieces() {
    yield head;
    let done = 0;
    for (const tensor of chosen) {
      const count = elementsOf(tensor);
      const step = Math.max(1, Math.floor(pieceBytes / elementBytes(tensor.dtype)));
      for (let from = 0; from < count; from += step) {
        signal?.throwIfAborted();
        const bytes = await archive.read(tensor, from, Math.min(count, from + step));
        yield bytes;
        done += bytes.length;
        onProgress?.(done, total);
      }
    }
  }
  await writeAtomically(path, pieces());
  return { tensors: chosen.length, bytes: head.length + total, tied: Object.fromEntries(tied), leftOut };
}

/** Texts of the metadata; values are JSON. */
function metadataOf(
  archive: Archive,
  map: LevelMap,
  tensors: readonly StoredTensor[],
  tied: readonly (readonly [string, string])[],
): Record<string, string> {
  const places = tensors.map(({ name }) => [name, map.place(name)]);
  return {
    format: 'pt',
    'hopescope.family': map.family,
    'hopescope.levels': JSON.stringify(map.levels),
    'hopescope.places': JSON.stringify(Object.fromEntries(places)),
    ...(tied.length ? { 'hopescope.tied': JSON.stringify(Object.fromEntries(tied)) } : {}),
    ...(archive.config === undefined ? {} : { 'hopescope.config': JSON.stringify(archive.config) }),
  };
}
