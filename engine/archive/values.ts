import { CheckpointError } from '../checkpoint/checkpointError.ts';
import { type Archive, elementsOf, type StoredTensor } from './archive.ts';
import { decodeValues, elementBytes, isReadable, type Values } from './dtype.ts';

/** Elements read at once when a tensor is gone through from end to end: they fit a cache of the processor. */
const pieceLength = 2 ** 18;

/**
 * Elements `from` to `to` of a tensor in row-major order, perhaps in the memory of `into`.
 * @throws CheckpointError for a dtype without numbers, or a file that is damaged there
 */
export async function readValues(
  archive: Archive,
  tensor: StoredTensor,
  from = 0,
  to = elementsOf(tensor),
  into?: Uint8Array,
): Promise<Values> {
  if (!isReadable(tensor.dtype)) {
    throw new CheckpointError(
      `tensor ${JSON.stringify(tensor.name)}: values of dtype ${tensor.dtype} are not read`,
      tensor.file,
      'Convert the tensor to a real type.',
    );
  }
  return decodeValues(tensor.dtype, await archive.read(tensor, from, to, into));
}

/**
 * A tensor from end to end, a piece in memory at a time; the next one is read while a piece is worked on. The values
 * of a piece are overwritten after the next one is asked for.
 */
export async function* valuesOf(
  archive: Archive,
  tensor: StoredTensor,
  signal?: AbortSignal,
): AsyncGenerator<{ readonly from: number; readonly values: Values }> {
  const count = elementsOf(tensor);
  // Two in turn: fresh memory for every piece costs more than reading it.
  const buffers = [0, 1].map(() => new Uint8Array(Math.min(count, pieceLength) * elementBytes(tensor.dtype)));
  const read = (from: number) => {
    const into = buffers[(from / pieceLength) % 2];
    const piece = readValues(archive, tensor, from, Math.min(count, from + pieceLength), into);
    // Its fault is thrown when it is waited for.
    piece.catch(() => {});
    return piece;
  };
  let next = count > 0 ? read(0) : undefined;
  for (let from = 0; from < count; from += pieceLength) {
    signal?.throwIfAborted();
    const values = await next!;
    if (from + pieceLength < count) next = read(from + pieceLength);
    yield { from, values };
  }
}
