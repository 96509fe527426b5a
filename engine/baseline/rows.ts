/** Hidden states of a sequence, row-major [T, D] in float64. */
export interface Rows {
  readonly count: number;
  readonly width: number;
  readonly data: Float64Array;
}

/** Weights of a file, row-major. */
export interface Weight {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}

export function rows(count: number, width: number): Rows {
  return { count, width, data: new Float64Array(count * width) };
}

/** x Wᵀ + b for W [out, in]; with `transposed` x W + b for W [in, out]. */
export function linear(x: Rows, { shape, data }: Weight, bias?: Weight, transposed = false): Rows {
  const width = transposed ? shape[1] : shape[0];
  const y = rows(x.count, width);
  for (let t = 0; t < x.count; t++) {
    for (let o = 0; o < width; o++) {
      let sum = bias ? bias.data[o] : 0;
      for (let i = 0; i < x.width; i++) {
        sum += x.data[t * x.width + i] * data[transposed ? i * width + o : o * x.width + i];
      }
      y.data[t * width + o] = sum;
    }
  }
  return y;
}

export function add(a: Rows, b: Rows): Rows {
  return { ...a, data: a.data.map((value, i) => value + b.data[i]) };
}

export function map(x: Rows, apply: (value: number) => number): Rows {
  return { ...x, data: x.data.map(apply) };
}

/** (x − mean) / √(variance + ε) · w + b, a row at a time, biased variance. */
export function layerNorm(x: Rows, weight: Weight, bias: Weight, epsilon: number): Rows {
  return eachRow(x, row => {
    const mean = row.reduce((sum, value) => sum + value, 0) / row.length;
    const variance = row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / row.length;
    const scale = 1 / Math.sqrt(variance + epsilon);
    return row.map((value, i) => (value - mean) * scale * weight.data[i] + bias.data[i]);
  });
}

/** x / √(mean(x²) + ε) · w, a row at a time. */
export function rmsNorm(x: Rows, weight: Weight, epsilon: number): Rows {
  return eachRow(x, row => {
    const mean = row.reduce((sum, value) => sum + value * value, 0) / row.length;
    const scale = 1 / Math.sqrt(mean + epsilon);
    return row.map((value, i) => value * scale * weight.data[i]);
  });
}

/** x / max(‖x‖, 1e-6), each of some equal parts of a row by itself. */
export function unit(x: Rows, parts = 1): Rows {
  const apart = { count: x.count * parts, width: x.width / parts, data: x.data };
  const scaled = eachRow(apart, row => {
    const scale = 1 / Math.max(Math.hypot(...row), 1e-6);
    return row.map(value => value * scale);
  });
  return { ...x, data: scaled.data };
}

/** Columns `from` to `to` of every row. */
export function columns(x: Rows, from: number, to: number): Rows {
  const result = rows(x.count, to - from);
  for (let t = 0; t < x.count; t++) {
    result.data.set(x.data.subarray(t * x.width + from, t * x.width + to), t * result.width);
  }
  return result;
}

export function eachRow(x: Rows, apply: (row: Float64Array, index: number) => Float64Array): Rows {
  const result = rows(x.count, x.width);
  for (let t = 0; t < x.count; t++) {
    result.data.set(apply(x.data.subarray(t * x.width, (t + 1) * x.width), t), t * x.width);
  }
  return result;
}

export const silu = (x: number): number => x / (1 + Math.exp(-x));

/** GELU by the hyperbolic tangent, as GPT-2 has it. */
export const geluTanh = (x: number): number =>
  0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));

/** x Φ(x). */
export const gelu = (x: number): number => 0.5 * x * (1 + erf(x * Math.SQRT1_2));

/** erf(x) = 2/√π e^(−x²) Σ 2ⁿ x^(2n+1) / (2n+1)!!, whose terms have one sign. */
function erf(x: number): number {
  if (Math.abs(x) > 6.5) return Math.sign(x);
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-18 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}
