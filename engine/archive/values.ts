import { CheckpointError } from '../checkpoint/checkpointError.ts';
import { type Archive, elementsOf, type StoredTensor } from './archive.ts';
import { decodeValues, elementBytes, isReadable, type Values } from './dtype.ts';

/**
 * Bytes read at once when a tensor is gone through from end to end: enough that waiting for a read costs little, and
 * few enough for a cache of the processor. Of types under 4 bytes as many values as of those with 4.
 */
export const PIECE_BYTES = 2 ** 22;

/** Where the pieces of a tensor are read, in turn, and how they become numbers. */
export interface PieceMemory {
  /** Each as long as the largest piece. */
  readonly buffers: readonly [Uint8Array, Uint8Array];
  decode(dtype: string, bytes: Uint8Array): Values;
}

/**
 * Elements `from` to `to` of a tensor in row-major order.
 * @throws CheckpointError for a dtype without numbers, or a file that is damaged there
 */
export async function readValues(
  archive: Archive,
  tensor: StoredTensor,
  from = 0,
  to = elementsOf(tensor),
): Promise<Values> {
  return decodeValues(tensor.dtype, await readBytes(archive, tensor, from, to));
}

async function readBytes(
  archive: Archive,
  tensor: StoredTensor,
  from: number,
  to: number,
  into?: Uint8Array,
): Promise<Uint8Array> {
  if (!isReadable(tensor.dtype)) {
    throw new CheckpointError(
      `tensor ${JSON.stringify(tensor.name)}: values of dtype ${tensor.dtype} are not read`,
      tensor.file,
      'Convert the tensor to a real type.',
    );
  }
  return archive.read(tensor, from, to, into);
}

/**
 * A tensor from end to end, a piece in memory at a time; the next one is read while a piece is worked on. The values
 * of a piece are overwritten after the next one is asked for.
 */
export async function* valuesOf(
  archive: Archive,
  tensor: StoredTensor,
  signal?: AbortSignal,
  memory = piecesOf(tensor),
): AsyncGenerator<{ readonly from: number; readonly values: Values }> {
  const count = elementsOf(tensor);
  const length = pieceLength(tensor);
  const read = (from: number) => {
    const into = memory.buffers[(from / length) % 2];
    const piece = readBytes(archive, tensor, from, Math.min(count, from + length), into);
    // Its fault is thrown when it is waited for.
    piece.catch(() => {});
    return piece;
  };
  let next = count > 0 ? read(0) : undefined;
  for (let from = 0; from < count; from += length) {
    signal?.throwIfAborted();
    const bytes = await next!;
    if (from + length < count) next = read(from + length);
    // Not as soon as it was read: until it is asked for, the memory may hold the piece before.
    yield { from, values: memory.decode(tensor.dtype, bytes) };
  }
}

function pieceLength({ dtype }: StoredTensor): number {
  return PIECE_BYTES / Math.max(4, elementBytes(dtype));
}

/** Two in turn: fresh memory for every piece costs more than reading it. */
function piecesOf(tensor: StoredTensor): PieceMemory {
  const bytes = Math.min(elementsOf(tensor), pieceLength(tensor)) * elementBytes(tensor.dtype);
  return { buffers: [new Uint8Array(bytes), new Uint8Array(bytes)], decode: decodeValues };
}
