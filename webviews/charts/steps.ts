import type { Column, TimeSpan } from './columns.ts';

/** Consecutive values of equal width along the time axis: one a token, or one a column of an overview. */
export interface Steps {
  /** Position at which the first value begins. */
  readonly from: number;
  /** Positions that one value stands for. */
  readonly step: number;
  readonly values: ArrayLike<number>;
}

/**
 * Turns steps into columns of at least 1 px, the largest value of each pixel, so that no spike disappears.
 * Values that are no numbers are left out.
 */
export function stepColumns(series: Iterable<Steps>, { from, to }: TimeSpan, width: number): Column[] {
  const scale = width / (to - from);
  const columns: Column[] = [];
  const maxima = new Map<number, number>();
  for (const { from: start, step, values } of series) {
    const first = Math.max(0, Math.floor((from - start) / step));
    const end = Math.min(values.length, Math.ceil((to - start) / step));
    const wide = step * scale >= 1;
    const gap = step * scale >= 3 ? 1 : 0;
    for (let i = first; i < end; i++) {
      const value = values[i];
      if (!Number.isFinite(value)) continue;
      const left = (start + i * step - from) * scale;
      const x = Math.max(0, Math.round(left));
      if (wide) {
        const right = Math.min(width, Math.round(left + step * scale));
        if (right > x) columns.push({ x, width: Math.max(1, right - x - gap), value });
      } else {
        const pixel = Math.min(Math.ceil(width) - 1, Math.max(0, Math.floor(left)));
        const known = maxima.get(pixel);
        if (known === undefined || value > known) maxima.set(pixel, value);
      }
    }
  }
  for (const [x, value] of maxima) columns.push({ x, width: 1, value });
  return columns;
}
