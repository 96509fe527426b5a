import type { RotaryFrequencies } from '../checkpoint/rotaryScaling.ts';
import { type Rows, rows } from './rows.ts';

/**
 * Causal softmax attention. @param q [T, H d] @param k [T, G d] @param v [T, G d]: every H / G heads share keys and
 * values (grouped queries). @returns [T, H d]
 */
export function attention(q: Rows, k: Rows, v: Rows, heads: number, groups: number): Rows {
  const size = q.width / heads;
  const shared = heads / groups;
  const result = rows(q.count, q.width);
  for (let head = 0; head < heads; head++) {
    const [own, other] = [head * size, Math.floor(head / shared) * size];
    for (let t = 0; t < q.count; t++) {
      const scores = Float64Array.from({ length: t + 1 }, (_, s) => {
        let sum = 0;
        for (let i = 0; i < size; i++) sum += q.data[t * q.width + own + i] * k.data[s * k.width + other + i];
        return sum / Math.sqrt(size);
      });
      const most = scores.reduce((a, b) => Math.max(a, b));
      const weights = scores.map(score => Math.exp(score - most));
      const total = weights.reduce((a, b) => a + b);
      for (let s = 0; s <= t; s++) {
        const share = weights[s] / total;
        for (let i = 0; i < size; i++) {
          result.data[t * q.width + own + i] += share * v.data[s * v.width + other + i];
        }
      }
    }
  }
  return result;
}

/** Rotary positions: within each head of width d, the pair (i, i + d/2) is turned by t times its frequency. */
export function rotate(x: Rows, { frequencies, scale }: RotaryFrequencies): Rows {
  const result = rows(x.count, x.width);
  const half = frequencies.length;
  for (let t = 0; t < x.count; t++) {
    for (let start = t * x.width; start < (t + 1) * x.width; start += 2 * half) {
      for (let i = 0; i < half; i++) {
        const angle = t * frequencies[i];
        const [cos, sin] = [scale * Math.cos(angle), scale * Math.sin(angle)];
        const [a, b] = [x.data[start + i], x.data[start + half + i]];
        result.data[start + i] = a * cos - b * sin;
        result.data[start + half + i] = b * cos + a * sin;
      }
    }
  }
  return result;
}
