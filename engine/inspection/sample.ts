import { type Archive, elementsOf, type StoredTensor } from '../archive/archive.ts';
import type { Values } from '../archive/dtype.ts';
import { readValues } from '../archive/values.ts';
import { breath } from './breath.ts';

/** Values that are looked at without being asked to read more. */
export const SAMPLE_SIZE = 2 ** 22;
const blockLength = 2 ** 12;

/** A tensor whole, or blocks of 4,096 values evenly spaced over it. */
export interface Sample {
  readonly values: Values;
  readonly total: number;
}

/** @param most largest number of values that are read */
export async function sampleOf(
  archive: Archive,
  tensor: StoredTensor,
  signal?: AbortSignal,
  most = SAMPLE_SIZE,
): Promise<Sample> {
  const total = elementsOf(tensor);
  if (total <= most) return { values: await readValues(archive, tensor, 0, total), total };
  const blocks = Math.max(1, Math.floor(most / blockLength));
  const parts: Values[] = [];
  for (let i = 0; i < blocks; i++) {
    if (i % 64 === 0) await breath(signal);
    const from = blocks === 1 ? 0 : Math.floor((i * (total - blockLength)) / (blocks - 1));
    parts.push(await readValues(archive, tensor, from, from + blockLength));
  }
  const values =
    parts[0] instanceof Float32Array
      ? new Float32Array(blocks * blockLength)
      : new Float64Array(blocks * blockLength);
  parts.forEach((part, i) => {
    values.set(part, i * blockLength);
  });
  return { values, total };
}
