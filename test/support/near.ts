import { expect } from 'vitest';

/** Every value within `absolute + relative · |expected|`; names the worst one otherwise. */
export function expectNear(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  where: string,
  { absolute = 2e-6, relative = 1e-5 } = {},
): void {
  expect(actual.length, where).toBe(expected.length);
  let worst = 0;
  const excess = Array.from(
    actual,
    (value, i) => Math.abs(value - expected[i]) - absolute - relative * Math.abs(expected[i]),
  );
  excess.forEach((e, i) => {
    if (e > excess[worst] || Number.isNaN(e)) worst = i;
  });
  const message = `${where}, at ${worst} of ${actual.length}: got ${actual[worst]}, expected ${expected[worst]}`;
  expect(excess[worst] ?? 0, message).toBeLessThanOrEqual(0);
}

/** ‖actual − expected‖ / ‖expected‖, both moved by −start. */
export function distance(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  start?: ArrayLike<number>,
): number {
  let [difference, size] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    difference += (actual[i] - expected[i]) ** 2;
    size += (expected[i] - (start?.[i] ?? 0)) ** 2;
  }
  return Math.sqrt(difference) / Math.sqrt(size);
}

/** As vectors: ‖actual − expected‖ at most `relative` · ‖expected‖, which must not be zero. */
export function expectSameVector(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  where: string,
  relative: number,
): void {
  expect(actual.length, where).toBe(expected.length);
  expect(distance(actual, expected), `‖difference‖ / ‖expected‖ of ${where}`).toBeLessThanOrEqual(relative);
}

/** Bit for bit, so that 0 and −0 and the kinds of NaN differ. */
export function expectSameBits(actual: ArrayBufferView, expected: ArrayBufferView, where: string): void {
  const bytes = (view: ArrayBufferView) => Buffer.from(view.buffer, view.byteOffset, view.byteLength);
  expect(bytes(actual).equals(bytes(expected)), `${where} has the same bits`).toBe(true);
}
