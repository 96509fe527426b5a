import type { Random } from '../../engine/tensor/random.ts';

/** `length` float32 numbers in [-range, range). */
export function filled(random: Random, length: number, range = 1): Float32Array {
  return Float32Array.from({ length }, () => (random.next() / 2 ** 31 - 1) * range);
}

/** Largest |got − expected|; Infinity for a NaN or a wrong length. */
export function largestError(got: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (got.length !== expected.length) return Number.POSITIVE_INFINITY;
  let worst = 0;
  for (let i = 0; i < got.length; i++) {
    const error = Math.abs(got[i] - expected[i]);
    if (!(error <= worst)) worst = Number.isNaN(error) ? Number.POSITIVE_INFINITY : error;
  }
  return worst;
}

/** erf in float64: the Taylor series where it converges without cancellation, else a continued fraction of erfc. */
export function erf(x: number): number {
  if (Math.abs(x) > 2.5) {
    const z = Math.abs(x);
    let fraction = z;
    for (let n = 200; n > 0; n--) fraction = z + n / 2 / fraction;
    return Math.sign(x) * (1 - Math.exp(-z * z) / Math.sqrt(Math.PI) / fraction);
  }
  let term = x;
  let sum = x;
  for (let n = 1; n < 80; n++) {
    term *= (-x * x) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}
