import type { Values } from '../archive/dtype.ts';
import type { Histogram } from '../protocol/inspection.ts';

/** Counts the finite values from `min` to `max` in equal steps. @param counts of values before, which are added to */
export function histogram(
  values: Values,
  min: number,
  max: number,
  steps = 96,
  counts: Float64Array = new Float64Array(min < max ? steps : 1),
): Histogram {
  const perStep = min < max ? counts.length / (max - min) : 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (value >= min && value <= max) {
      const step = Math.floor((value - min) * perStep);
      counts[step < counts.length ? step : counts.length - 1]++;
    }
  }
  return { min, max, counts };
}
