import { type Archive, elementsOf } from '../archive/archive.ts';
import { readValues } from '../archive/values.ts';
import { matricesOf } from '../introspect/levelMatrices.ts';
import { effectiveRank, intruders, stableRank } from '../introspect/lowRank.ts';
import { singular } from '../introspect/singularValues.ts';
import type { ChangeSpectrum } from '../protocol/inspection.ts';
import { breath } from './breath.ts';
import type { TensorPair } from './pairs.ts';
import { largestSingular } from './randomProjection.ts';

const largestExact = 512;
const largestElements = 2 ** 24;
const shown = 64;

/**
 * Spectra of what the matrices of a tensor changed; of a stack of matrices one each. Vectors have none, nor have
 * tensors of more than 2^24 values or with values that are not finite. Intruder dimensions (Shuttleworth et al. 2024)
 * need all singular vectors and are left out where the shorter side is over 512.
 */
export async function changeSpectra(
  before: Archive,
  after: Archive,
  pair: TensorPair,
  signal?: AbortSignal,
): Promise<ChangeSpectrum[]> {
  const { shape, name } = pair.before;
  if (shape.length < 2 || elementsOf(pair.before) > largestElements || elementsOf(pair.before) === 0)
    return [];
  const old = Float32Array.from(await readValues(before, pair.before));
  const now = Float32Array.from(await readValues(after, pair.after));
  const delta = now.map((value, i) => value - old[i]);
  if (!delta.every(Number.isFinite)) return [];
  const matrices = [old, now, delta].map(data => matricesOf(shape, data));
  const spectra: ChangeSpectrum[] = [];
  for (let i = 0; i < matrices[2].length; i++) {
    await breath(signal);
    const [first, second, change] = matrices.map(list => list[i]);
    const label = shape.length > 2 ? `${name}[${i}]` : name;
    const common = { name: label, rows: change.rows, columns: change.columns };
    if (Math.min(change.rows, change.columns) <= largestExact) {
      const { values } = singular(change);
      spectra.push({
        ...common,
        method: 'exact',
        values: Float32Array.from(values),
        effectiveRank: effectiveRank(values),
        stableRank: stableRank(values),
        intruders: values[0] > 0 ? intruders(first, second).indices.length : 0,
      });
    } else {
      const { values, errors } = await largestSingular(change, shown, signal);
      const norm = Math.sqrt(change.data.reduce((sum, value) => sum + value * value, 0));
      spectra.push({
        ...common,
        method: 'random projection',
        accuracy: values[0] > 0 ? Math.max(...errors) / values[0] : 0,
        values: Float32Array.from(values),
        stableRank: values[0] > 0 ? (norm / values[0]) ** 2 : 0,
      });
    }
  }
  return spectra;
}
