/** A vector as plain numbers, and a matrix [rows, columns] row-major. */
export type Vector = readonly number[];
export type Matrix = Float64Array;

/** erf(x) = 2/√π e^(−x²) Σ 2ⁿ x^(2n+1) / (2n+1)!!, whose terms have one sign: good to the last bits. */
export function erf(x: number): number {
  if (Math.abs(x) > 6.5) return Math.sign(x);
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-18 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

export function gelu(x: number): number {
  return (x * (1 + erf(x * Math.SQRT1_2))) / 2;
}

export function geluDerivative(x: number): number {
  return (1 + erf(x * Math.SQRT1_2)) / 2 + (x * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI);
}

export function softplus(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}

export function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

/** W x */
export function apply(w: Matrix, x: Vector): number[] {
  const y: number[] = [];
  for (let row = 0; row < w.length / x.length; row++) {
    let sum = 0;
    for (let i = 0; i < x.length; i++) sum += w[row * x.length + i] * x[i];
    y.push(sum);
  }
  return y;
}

/** Wᵀ y */
export function applyTransposed(w: Matrix, y: Vector): number[] {
  const columns = w.length / y.length;
  const x: number[] = [];
  for (let i = 0; i < columns; i++) {
    let sum = 0;
    for (let row = 0; row < y.length; row++) sum += w[row * columns + i] * y[row];
    x.push(sum);
  }
  return x;
}

export function add(a: Vector, b: Vector): number[] {
  return a.map((value, i) => value + b[i]);
}

export function norm(x: Iterable<number>): number {
  let sum = 0;
  for (const value of x) sum += value * value;
  return Math.sqrt(sum);
}

export function mean(values: Vector): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Biased variance, ε = 1e-5. */
export function layerNorm(x: Vector, weight: Matrix, bias: Matrix, epsilon = 1e-5): number[] {
  const centre = mean(x);
  const variance = mean(x.map(value => (value - centre) ** 2));
  return x.map((value, i) => ((value - centre) / Math.sqrt(variance + epsilon)) * weight[i] + bias[i]);
}

/** −log softmax(logits)[target] */
export function crossEntropy(logits: Vector, target: number): number {
  const top = Math.max(...logits);
  return top + Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - top), 0)) - logits[target];
}
