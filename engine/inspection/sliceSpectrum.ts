import { effectiveRank, stableRank } from '../introspect/lowRank.ts';
import { singular } from '../introspect/singularValues.ts';
import type { SliceSpectrum } from '../protocol/inspection.ts';
import { largestSingular } from './randomProjection.ts';
import type { Slice } from './slice.ts';

// A matrix of 512 × 2,048 takes about two seconds.
const largestExact = 512;
const shown = 64;

/** Values of a slice that a spectrum is worth reading. */
export const SPECTRUM_SIZE = 2 ** 24;

/**
 * Singular values of a slice: all of them where its shorter side allows it, else the 64 largest by random projection.
 * Of a sample of rows they are scaled by √(rows / rows read), as the Gram matrix of the columns then is expected to be.
 * @throws RangeError where values are not finite
 */
export async function sliceSpectrum(slice: Slice, signal?: AbortSignal): Promise<SliceSpectrum> {
  const { height, width, rows, columns, data, whole } = slice;
  if (columns.length < width)
    throw new RangeError('a slice of this size has no spectrum, its rows are too long');
  if (!data.every(Number.isFinite))
    throw new RangeError('values that are not finite have no singular values');
  const scale = Math.sqrt(height / Math.max(1, rows.length));
  const common = { rows: height, columns: width, of: Math.min(height, width) };
  if (Math.min(rows.length, width) <= largestExact) {
    const matrix = { rows: rows.length, columns: width, data: Float32Array.from(data) };
    const values = singular(matrix).values.map(value => value * scale);
    return {
      ...common,
      values: Float32Array.from(values),
      method: whole ? 'exact' : 'sample of rows',
      ...(whole ? { accuracy: 1e-7, effectiveRank: effectiveRank(values) } : {}),
      stableRank: stableRank(values),
      norm: Math.hypot(...values),
    };
  }
  const found = await largestSingular({ rows: rows.length, columns: width, data }, shown, signal);
  const values = found.values.map(value => value * scale);
  let squares = 0;
  for (let i = 0; i < data.length; i++) squares += data[i] * data[i];
  const norm = Math.sqrt(squares) * scale;
  return {
    ...common,
    values: Float32Array.from(values),
    method: whole ? 'random projection' : 'sample of rows',
    ...(whole ? { accuracy: found.values[0] > 0 ? Math.max(...found.errors) / found.values[0] : 0 } : {}),
    stableRank: values[0] > 0 ? (norm / values[0]) ** 2 : 0,
    norm,
  };
}
