import type { MatrixSpectrum } from '../protocol/spectrum.ts';
import { difference, matricesOf, type TensorChange } from './levelMatrices.ts';
import { effectiveRank, intruders, rankBound, stableRank } from './lowRank.ts';
import { singular } from './singularValues.ts';

/**
 * Spectra of what the matrices of a tensor changed, one after the other, so that the caller may pause in between.
 * @param tokens that a change without decay was written from
 */
export function* spectraOf(
  name: string,
  { shape, before, after }: TensorChange,
  tokens?: number,
): Generator<MatrixSpectrum> {
  const old = matricesOf(shape, before);
  const now = matricesOf(shape, after);
  const delta = matricesOf(shape, difference(before, after));
  for (let i = 0; i < delta.length; i++) {
    const { rows, columns } = delta[i];
    const ofAfter = singular(now[i]);
    const { values } = singular(delta[i]);
    yield {
      name: shape.length > 2 ? `${name}[${i}]` : name,
      shape: [rows, columns],
      delta: Float32Array.from(values),
      weight: Float32Array.from(ofAfter.values),
      deltaNorm: Math.hypot(...values),
      weightNorm: Math.hypot(...ofAfter.values),
      effectiveRank: effectiveRank(values),
      stableRank: stableRank(values),
      rankBound: rankBound(rows, columns, tokens),
      intruders: values[0] > 0 ? intruders(old[i], now[i], undefined, { ofAfter }).indices.length : 0,
    };
  }
}
