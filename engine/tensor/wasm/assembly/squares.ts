import { sumLanes } from './simd';

// As in `sum`: blocks of this many are added up in float64.
export const blockLength: i32 = 1024;

/** Σ (x − y)², or Σ x² where y is 0. */
export function squaredDistance(x: usize, y: usize, n: i32): f64 {
  let total: f64 = 0;
  while (n > 0) {
    let left = min(n, blockLength);
    n -= left;
    let s0 = f32x4.splat(0);
    let s1 = s0;
    for (; left >= 8; left -= 8, x += 32) {
      let a = v128.load(x);
      let b = v128.load(x, 16);
      if (y !== 0) {
        a = f32x4.sub(a, v128.load(y));
        b = f32x4.sub(b, v128.load(y, 16));
        y += 32;
      }
      s0 = f32x4.add(s0, f32x4.mul(a, a));
      s1 = f32x4.add(s1, f32x4.mul(b, b));
    }
    let rest = sumLanes(f32x4.add(s0, s1));
    for (; left > 0; left--, x += 4) {
      let a = load<f32>(x);
      if (y !== 0) {
        a -= load<f32>(y);
        y += 4;
      }
      rest += a * a;
    }
    total += <f64>rest;
  }
  return total;
}

/**
 * Of a write of n weights, sums[4] += Σ error², Σ (after − before)² where there is a `before`, Σ after² and
 * Σ (after − base)², so that each number is read once. To the bits as `squaredDistance` has them: a branch begins with
 * norms that it takes from that, and goes on as its parent did.
 */
export function writeSquares(
  error: usize,
  before: usize,
  after: usize,
  base: usize,
  sums: usize,
  n: i32,
): void {
  let e: f64 = 0;
  let d: f64 = 0;
  let w: f64 = 0;
  let a: f64 = 0;
  while (n > 0) {
    let left = min(n, blockLength);
    n -= left;
    let e0 = f32x4.splat(0);
    let e1 = e0;
    let d0 = e0;
    let d1 = e0;
    let w0 = e0;
    let w1 = e0;
    let a0 = e0;
    let a1 = e0;
    for (; left >= 8; left -= 8, error += 32, after += 32, base += 32) {
      const x = v128.load(after);
      const y = v128.load(after, 16);
      w0 = f32x4.add(w0, f32x4.mul(x, x));
      w1 = f32x4.add(w1, f32x4.mul(y, y));
      let p = v128.load(error);
      let q = v128.load(error, 16);
      e0 = f32x4.add(e0, f32x4.mul(p, p));
      e1 = f32x4.add(e1, f32x4.mul(q, q));
      p = f32x4.sub(x, v128.load(base));
      q = f32x4.sub(y, v128.load(base, 16));
      a0 = f32x4.add(a0, f32x4.mul(p, p));
      a1 = f32x4.add(a1, f32x4.mul(q, q));
      if (before !== 0) {
        p = f32x4.sub(x, v128.load(before));
        q = f32x4.sub(y, v128.load(before, 16));
        d0 = f32x4.add(d0, f32x4.mul(p, p));
        d1 = f32x4.add(d1, f32x4.mul(q, q));
        before += 32;
      }
    }
    let re = sumLanes(f32x4.add(e0, e1));
    let rd = sumLanes(f32x4.add(d0, d1));
    let rw = sumLanes(f32x4.add(w0, w1));
    let ra = sumLanes(f32x4.add(a0, a1));
    for (; left > 0; left--, error += 4, after += 4, base += 4) {
      const x = load<f32>(after);
      const away = x - load<f32>(base);
      re += load<f32>(error) * load<f32>(error);
      rw += x * x;
      ra += away * away;
      if (before !== 0) {
        const step = x - load<f32>(before);
        rd += step * step;
        before += 4;
      }
    }
    e += <f64>re;
    d += <f64>rd;
    w += <f64>rw;
    a += <f64>ra;
  }
  store<f64>(sums, load<f64>(sums) + e);
  store<f64>(sums, load<f64>(sums, 8) + d, 8);
  store<f64>(sums, load<f64>(sums, 16) + w, 16);
  store<f64>(sums, load<f64>(sums, 24) + a, 24);
}

/** Whether every number is finite. */
export function allFinite(x: usize, n: i32): bool {
  // 0·x is NaN for anything that is not finite, and a NaN stays in a sum.
  const zero = f32x4.splat(0);
  let s = zero;
  for (; n >= 4; n -= 4, x += 16) s = f32x4.add(s, f32x4.mul(v128.load(x), zero));
  let sum = sumLanes(s);
  for (; n > 0; n--, x += 4) sum += load<f32>(x) * 0;
  return sum === 0;
}

/** sums[rows] (+)= Σ x² along each row of x[rows, width]. */
export function rowSquares(x: usize, sums: usize, rows: i32, width: i32, add: bool): void {
  const row = (<usize>width) << 2;
  for (; rows > 0; rows--, x += row, sums += 4) {
    store<f32>(sums, (add ? load<f32>(sums) : 0) + <f32>squaredDistance(x, 0, width));
  }
}

/** Mean of √x over n numbers. */
export function meanRoot(x: usize, n: i32): f64 {
  let total: f64 = 0;
  for (let i = 0; i < n; i++, x += 4) total += <f64>Mathf.sqrt(load<f32>(x));
  return total / <f64>n;
}
