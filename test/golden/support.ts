import { expect } from 'vitest';

/** Every value within `absolute + relative · |expected|`; prints the worst one otherwise. */
export function expectClose(
  got: ArrayLike<number>,
  expected: number | readonly unknown[],
  absolute = 2e-6,
  relative = 1e-5,
): void {
  const want = [expected].flat(Number.POSITIVE_INFINITY) as number[];
  expect(got.length).toBe(want.length);
  const excess = want.map((value, i) => Math.abs(got[i] - value) - absolute - relative * Math.abs(value));
  const worst = excess.reduce((at, e, i) => (e > excess[at] || Number.isNaN(e) ? i : at), 0);
  expect(excess[worst], `at ${worst}: got ${got[worst]}, expected ${want[worst]}`).toBeLessThanOrEqual(0);
}
