import { type Archive, elementsOf, type StoredTensor } from '../archive/archive.ts';
import { isReadable } from '../archive/dtype.ts';
import { bareName } from '../archive/tensorNames.ts';
import { readValues } from '../archive/values.ts';
import { unchangedIn } from '../checkpoint/unchanged.ts';
import type { Unmatched } from '../protocol/inspection.ts';

/** The same tensor in two checkpoints. */
export interface TensorPair {
  readonly before: StoredTensor;
  readonly after: StoredTensor;
}

// Compared to see whether a tensor has only another name.
const compared = 2 ** 10;

/**
 * Pairs tensors by name, by name without wrappers (`_orig_mod.`, `module.`, `fast.`), and what is left by the values
 * they begin with. What has no partner, or one of another shape, is told.
 */
export async function pairTensors(
  before: Archive,
  after: Archive,
): Promise<{ pairs: TensorPair[]; unmatched: Unmatched }> {
  const left = new Map(after.tensors);
  const byBareName = new Map([...after.tensors.values()].map(tensor => [bareName(tensor.name), tensor]));
  const pairs: TensorPair[] = [];
  const reshaped: { name: string; before: readonly number[]; after: readonly number[] }[] = [];
  const lonely: StoredTensor[] = [];
  for (const tensor of before.tensors.values()) {
    const exact = left.get(tensor.name);
    const bare = byBareName.get(bareName(tensor.name));
    const partner = exact ?? (bare && left.has(bare.name) ? bare : undefined);
    if (!partner) lonely.push(tensor);
    else {
      left.delete(partner.name);
      if (partner.shape.join() === tensor.shape.join()) pairs.push({ before: tensor, after: partner });
      else reshaped.push({ name: tensor.name, before: tensor.shape, after: partner.shape });
    }
  }
  const missing: string[] = [];
  for (const tensor of lonely) {
    const partner = await sameValues(before, tensor, after, left.values());
    if (!partner) missing.push(tensor.name);
    else {
      left.delete(partner.name);
      pairs.push({ before: tensor, after: partner });
    }
  }
  const added = [...left.keys()];
  return { pairs, unmatched: { missing: without(missing, after), added: without(added, before), reshaped } };
}

/** Those that the other one, a fast state, does not leave out because they are its base's. */
function without(names: readonly string[], { format, metadata }: Archive): string[] {
  const left = new Set(format === 'fast state' ? unchangedIn(metadata.unchanged) : []);
  return names.filter(name => !left.has(bareName(name)));
}

async function sameValues(
  before: Archive,
  tensor: StoredTensor,
  after: Archive,
  candidates: Iterable<StoredTensor>,
): Promise<StoredTensor | undefined> {
  if (!isReadable(tensor.dtype) || tensor.shape.length === 0) return undefined;
  const length = Math.min(elementsOf(tensor), compared);
  let own: Float64Array | undefined;
  for (const candidate of candidates) {
    if (candidate.shape.join() !== tensor.shape.join() || candidate.dtype !== tensor.dtype) continue;
    own ??= Float64Array.from(await readValues(before, tensor, 0, length));
    // A constant says nothing about what it is.
    if (own.every(value => value === own![0])) return undefined;
    const other = await readValues(after, candidate, 0, length);
    if (own.every((value, i) => Object.is(value, other[i]))) return candidate;
  }
  return undefined;
}
