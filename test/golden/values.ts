import data from './hope_golden.json' with { type: 'json' };

/** Expected values from an independent float64 reference. */
export const golden = data;

/** Deterministic weights without a generator: a·sin(0.7(i+1) + 1.3(j+1) + s). */
export function weights(rows: number, columns: number, s: number, a = 0.3): number[][] {
  return Array.from({ length: rows }, (_, i) =>
    Array.from({ length: columns }, (_, j) => a * Math.sin(0.7 * (i + 1) + 1.3 * (j + 1) + s)),
  );
}

/** Deterministic inputs: sin(0.5(t+1)(j+1) + s). */
export function inputs(tokens: number, width: number, s: number): number[][] {
  return Array.from({ length: tokens }, (_, t) =>
    Array.from({ length: width }, (_, j) => Math.sin(0.5 * (t + 1) * (j + 1) + s)),
  );
}

export function normalised(values: readonly number[]): number[] {
  const norm = Math.hypot(...values);
  return values.map(value => value / norm);
}
