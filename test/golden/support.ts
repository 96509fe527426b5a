import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { tf } from '../../engine/tensor/tf.ts';

/** Expected values from an independent float64 reference. */
export const golden = JSON.parse(
  readFileSync(fileURLToPath(new URL('./hope_golden.json', import.meta.url)), 'utf8'),
);

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

/** Every value within `absolute + relative · |expected|`; prints the worst one otherwise. */
export function expectClose(
  actual: tf.Tensor,
  expected: number | readonly unknown[],
  absolute = 2e-6,
  relative = 1e-5,
): void {
  const want = tf.tidy(() => Array.from(tf.tensor(expected as number[]).dataSync()));
  const got = Array.from(actual.dataSync());
  expect(got.length).toBe(want.length);
  const excess = got.map((value, i) => Math.abs(value - want[i]) - absolute - relative * Math.abs(want[i]));
  const worst = excess.reduce((at, e, i) => (e > excess[at] || Number.isNaN(e) ? i : at), 0);
  expect(excess[worst], `at ${worst}: got ${got[worst]}, expected ${want[worst]}`).toBeLessThanOrEqual(0);
}
