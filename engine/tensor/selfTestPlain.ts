import type { Random } from './random.ts';
import { tf } from './tf.ts';

/** Largest difference allowed, relative to 1 + |expected|: a few roundings of float32, or a driver's fast exp. */
const tolerance = 2e-5;

/** Numbers in [−2, 2). */
export function values(random: Random, length: number): Float32Array {
  return Float32Array.from({ length }, () => (random.next() / 2 ** 32) * 4 - 2);
}

/** Φ(x) by the alternating series of erf, whose terms stay small for |x| ≤ 2. */
export function normalDistribution(x: number): number {
  const z = x / Math.SQRT2;
  let term = z;
  let sum = z;
  for (let n = 1; n < 40; n++) {
    term *= (-z * z) / n;
    sum += term / (2 * n + 1);
  }
  return 0.5 + sum / Math.sqrt(Math.PI);
}

/** @throws Error that names the operation and the numbers when one is off. */
export function compare(what: string, got: ArrayLike<number>, expected: ArrayLike<number>): void {
  for (let i = 0; i < expected.length; i++) {
    const error = Math.abs(got[i] - expected[i]) / (1 + Math.abs(expected[i]));
    if (error <= tolerance) continue;
    throw new Error(
      `The backend ${tf.getBackend()} failed its self-test: ${what} gave ${got[i]} instead of ${expected[i]} ` +
        `at element ${i}. Choose another backend in the settings.`,
    );
  }
}
