// Loops over millions of elements, in functions of their own: inside a long asynchronous one they took twice as long.

/** x · factor in place. */
export function multiply(x: Float32Array, factor: number): void {
  if (factor !== 1) for (let i = 0; i < x.length; i++) x[i] *= factor;
}

/** Σ x². */
export function sumOfSquares(x: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += x[i] * x[i];
  return sum;
}

/** Mean of arrays of one length. */
export function average(parts: readonly Float32Array[], into: Float32Array): void {
  const share = 1 / parts.length;
  const [first, ...others] = parts;
  for (let i = 0; i < into.length; i++) into[i] = first[i] * share;
  for (const part of others) {
    for (let i = 0; i < into.length; i++) into[i] += part[i] * share;
  }
}
