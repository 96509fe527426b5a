import { sumLanes } from './simd';

// As in `sum`: blocks of this many are added up in float64.
const blockLength: i32 = 1024;

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
