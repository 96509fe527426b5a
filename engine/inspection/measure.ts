import type { Archive, StoredTensor } from '../archive/archive.ts';
import { isReadable } from '../archive/dtype.ts';
import type { TensorMeasure } from '../protocol/inspection.ts';
import { statisticsOf } from './statistics.ts';

/** Norm and values that are not finite of each tensor, over all of its values; tensors without numbers are left out. */
export async function* measureTensors(
  archive: Archive,
  tensors: readonly StoredTensor[],
  signal?: AbortSignal,
): AsyncGenerator<TensorMeasure> {
  for (const tensor of tensors) {
    signal?.throwIfAborted();
    if (!isReadable(tensor.dtype)) continue;
    const { norm, nan, infinite, read } = await statisticsOf(archive, tensor, signal);
    // The norm of what is finite, not scaled up to what is not.
    yield { name: tensor.name, norm: read ? norm : 0, nan, infinite };
  }
}
