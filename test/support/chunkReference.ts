import { erf } from '../engine/tensorReference.ts';

/** Sizes of one chunk: tokens C, queries Q, width D, hidden H, outputs O. */
export interface ChunkSizes {
  readonly chunk: number;
  readonly queries: number;
  readonly width: number;
  readonly hidden: number;
  readonly out: number;
}

/** One group's inputs, row-major, in the order of the kernel's inputs. */
export interface ChunkValues {
  readonly k: Float64Array;
  readonly v: Float64Array;
  readonly eta: Float64Array;
  readonly logAlpha: Float64Array;
  readonly q: Float64Array;
  readonly w1: Float64Array;
  readonly w2: Float64Array;
}

const gelu = (x: number) => (x * (1 + erf(x / Math.SQRT2))) / 2;
const slope = (x: number) =>
  (1 + erf(x / Math.SQRT2)) / 2 + (x * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI);
const dot = (x: readonly number[], y: readonly number[]) => x.reduce((sum, each, i) => sum + each * y[i], 0);
const rowsOf = (x: Float64Array, width: number) =>
  Array.from({ length: x.length / width }, (_, i) => [...x.subarray(i * width, (i + 1) * width)]);

/**
 * Eq. 88 token by token in float64, one memory of one group: gradients at the weights from before the chunk, and for
 * each token W1 ← α W1 − η e hᵀ, W2 ← α W2 − η (W2 k + δ) kᵀ. Slow and obvious.
 */
export function writeByTokens(
  { k, v, eta, logAlpha, q, w1, w2 }: ChunkValues,
  { width, hidden, out }: ChunkSizes,
  ceiling: number,
  dotProduct: boolean,
): { w1: number[][]; w2: number[][]; surprise: number[][]; read: number[][] } {
  const [first1, first2] = [rowsOf(w1, hidden), rowsOf(w2, width)];
  const read = (z: number[]) => {
    const pre = first2.map(row => dot(row, z));
    const activity = pre.map(gelu);
    const mapped = first1.map(row => dot(row, activity));
    return { pre, activity, answer: out === width ? mapped.map((y, i) => y + z[i]) : mapped };
  };
  let [now1, now2] = [first1, first2];
  const values = rowsOf(v, width);
  const surprise = rowsOf(k, width).map((key, t) => {
    const { pre, activity, answer } = read(key);
    const target = read(values[t]).answer;
    const error = answer.map((y, i) => (dotProduct ? -target[i] : 2 * (y - target[i])));
    const delta = pre.map((p, h) => slope(p) * error.reduce((sum, e, o) => sum + e * first1[o][h], 0));
    const squared = dot(error, error) * dot(activity, activity) + dot(delta, delta) * dot(key, key);
    const scale = Math.min(1, ceiling / Math.sqrt(squared + 1e-12));
    const [rate, alpha] = [eta[t], Math.exp(logAlpha[t])];
    now1 = now1.map((row, o) => row.map((w, h) => alpha * w - rate * scale * error[o] * activity[h]));
    now2 = now2.map((row, h) => {
      const taken = rate * (dot(row, key) + scale * delta[h]);
      return row.map((w, d) => alpha * w - taken * key[d]);
    });
    return error;
  });
  return { w1: now1, w2: now2, surprise, read: rowsOf(q, width).map(z => read(z).answer) };
}
