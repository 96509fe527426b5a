import { madd, sumLanes } from './simd';

/** c0[n], c1[n] (+)= the two rows of A[2, 4] times B[4, n], one pass along the rows. */
function rows2x4(
  a0: usize,
  a1: usize,
  stepA: usize,
  b: usize,
  stepB: usize,
  c0: usize,
  c1: usize,
  n: i32,
  accumulate: bool,
): void {
  const x00 = v128.load32_splat(a0);
  const x01 = v128.load32_splat(a0 + stepA);
  const x02 = v128.load32_splat(a0 + 2 * stepA);
  const x03 = v128.load32_splat(a0 + 3 * stepA);
  const x10 = v128.load32_splat(a1);
  const x11 = v128.load32_splat(a1 + stepA);
  const x12 = v128.load32_splat(a1 + 2 * stepA);
  const x13 = v128.load32_splat(a1 + 3 * stepA);
  const b1 = b + stepB;
  const b2 = b1 + stepB;
  const b3 = b2 + stepB;
  const whole = (<usize>(n & ~3)) << 2;
  let i: usize = 0;
  for (; i < whole; i += 16) {
    let y = v128.load(b + i);
    let s0 = f32x4.mul(x00, y);
    let s1 = f32x4.mul(x10, y);
    y = v128.load(b1 + i);
    s0 = madd(x01, y, s0);
    s1 = madd(x11, y, s1);
    y = v128.load(b2 + i);
    s0 = madd(x02, y, s0);
    s1 = madd(x12, y, s1);
    y = v128.load(b3 + i);
    s0 = madd(x03, y, s0);
    s1 = madd(x13, y, s1);
    if (accumulate) {
      s0 = f32x4.add(v128.load(c0 + i), s0);
      s1 = f32x4.add(v128.load(c1 + i), s1);
    }
    v128.store(c0 + i, s0);
    v128.store(c1 + i, s1);
  }
  for (; i < (<usize>n) << 2; i += 4) {
    const y = f32x4(load<f32>(b + i), load<f32>(b1 + i), load<f32>(b2 + i), load<f32>(b3 + i));
    const s0 = f32x4.mul(
      y,
      f32x4(load<f32>(a0), load<f32>(a0 + stepA), load<f32>(a0 + 2 * stepA), load<f32>(a0 + 3 * stepA)),
    );
    const s1 = f32x4.mul(
      y,
      f32x4(load<f32>(a1), load<f32>(a1 + stepA), load<f32>(a1 + 2 * stepA), load<f32>(a1 + 3 * stepA)),
    );
    const old0: f32 = accumulate ? load<f32>(c0 + i) : 0;
    const old1: f32 = accumulate ? load<f32>(c1 + i) : 0;
    store<f32>(c0 + i, old0 + sumLanes(s0));
    store<f32>(c1 + i, old1 + sumLanes(s1));
  }
}

/** c0[n], c1[n] (+)= a0·b[n], a1·b[n]. */
function rows2x1(a0: f32, a1: f32, b: usize, c0: usize, c1: usize, n: i32, accumulate: bool): void {
  const x0 = f32x4.splat(a0);
  const x1 = f32x4.splat(a1);
  const whole = (<usize>(n & ~3)) << 2;
  let i: usize = 0;
  for (; i < whole; i += 16) {
    const y = v128.load(b + i);
    const s0 = accumulate ? madd(x0, y, v128.load(c0 + i)) : f32x4.mul(x0, y);
    const s1 = accumulate ? madd(x1, y, v128.load(c1 + i)) : f32x4.mul(x1, y);
    v128.store(c0 + i, s0);
    v128.store(c1 + i, s1);
  }
  for (; i < (<usize>n) << 2; i += 4) {
    const y = load<f32>(b + i);
    const s0: f32 = a0 * y + (accumulate ? load<f32>(c0 + i) : 0);
    const s1: f32 = a1 * y + (accumulate ? load<f32>(c1 + i) : 0);
    store<f32>(c0 + i, s0);
    store<f32>(c1 + i, s1);
  }
}

/**
 * C[m, n] (+)= A[m, k]·B[k, n] for a short inner axis: C is written along its rows, which a tile of a few columns
 * would jump between. Rows of A are `rowA` bytes apart, steps along k `stepA`.
 */
export function streamMatMul(
  a: usize,
  rowA: usize,
  stepA: usize,
  b: usize,
  c: usize,
  m: i32,
  n: i32,
  k: i32,
  accumulate: bool,
): void {
  const row = (<usize>n) << 2;
  let i = 0;
  while (i < k) {
    const four = k - i >= 4;
    // Rows of both halves of C, two streams in pages of their own: processors fetch ahead of those, not of rows side by side.
    const half = (m + 1) >> 1;
    for (let r = 0; r < half; r++) {
      const a0 = a + <usize>r * rowA;
      const c0 = c + <usize>r * row;
      // An odd last row is done twice, with the same result.
      const a1 = r + half < m ? a0 + <usize>half * rowA : a0;
      const c1 = r + half < m ? c0 + <usize>half * row : c0;
      if (four) rows2x4(a0, a1, stepA, b, row, c0, c1, n, accumulate);
      else rows2x1(load<f32>(a0), load<f32>(a1), b, c0, c1, n, accumulate);
    }
    accumulate = true;
    const done = four ? 4 : 1;
    i += done;
    a += <usize>done * stepA;
    b += <usize>done * row;
  }
}
