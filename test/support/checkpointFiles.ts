import { join } from 'node:path';
import type { Archive } from '../../engine/archive/archive.ts';
import { openArchive } from '../../engine/archive/openArchive.ts';
import { writeSafetensors } from '../../engine/checkpoint/safetensors.ts';
import { Random } from '../../engine/tensor/random.ts';

/** Normal numbers of standard deviation `scale`. */
export function normal(length: number, seed: number, scale = 1): Float32Array {
  const random = new Random(seed);
  return Float32Array.from({ length }, () => scale * random.normal());
}

export type Contents = Readonly<
  Record<string, { readonly shape: readonly number[]; readonly data: Float32Array }>
>;

/** Writes tensors to a safetensors file and opens it. */
export async function makeArchive(
  folder: string,
  name: string,
  contents: Contents,
  metadata: Record<string, string> = {},
): Promise<Archive> {
  const path = join(folder, `${name}.safetensors`);
  await writeSafetensors(
    path,
    Object.entries(contents).map(([key, tensor]) => ({ name: key, ...tensor })),
    metadata,
  );
  return openArchive(path);
}
