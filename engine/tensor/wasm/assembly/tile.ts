import { madd } from './simd';

/**
 * C[4, 8·panels] = (accumulate ? C : 0) + A[4, k]·B[k, 8·panels]. The four rows of A have a pointer each and a step of
 * `stepA` bytes along k; a panel of eight columns of B is `panel` bytes after the one before, its rows `stepB` apart.
 */
export function tiles4x8(
  a0: usize,
  a1: usize,
  a2: usize,
  a3: usize,
  stepA: usize,
  b: usize,
  stepB: usize,
  panel: usize,
  panels: i32,
  c: usize,
  stepC: usize,
  k: i32,
  accumulate: bool,
): void {
  for (; panels > 0; panels--) {
    const c1 = c + stepC;
    const c2 = c1 + stepC;
    const c3 = c2 + stepC;
    let s00 = f32x4.splat(0);
    let s01 = s00;
    let s10 = s00;
    let s11 = s00;
    let s20 = s00;
    let s21 = s00;
    let s30 = s00;
    let s31 = s00;
    if (accumulate) {
      s00 = v128.load(c);
      s01 = v128.load(c, 16);
      s10 = v128.load(c1);
      s11 = v128.load(c1, 16);
      s20 = v128.load(c2);
      s21 = v128.load(c2, 16);
      s30 = v128.load(c3);
      s31 = v128.load(c3, 16);
    }
    let p0 = a0;
    let p1 = a1;
    let p2 = a2;
    let p3 = a3;
    let q = b;
    for (let i = k; i > 0; i--) {
      const b0 = v128.load(q);
      const b1 = v128.load(q, 16);
      let x = v128.load32_splat(p0);
      s00 = madd(x, b0, s00);
      s01 = madd(x, b1, s01);
      x = v128.load32_splat(p1);
      s10 = madd(x, b0, s10);
      s11 = madd(x, b1, s11);
      x = v128.load32_splat(p2);
      s20 = madd(x, b0, s20);
      s21 = madd(x, b1, s21);
      x = v128.load32_splat(p3);
      s30 = madd(x, b0, s30);
      s31 = madd(x, b1, s31);
      p0 += stepA;
      p1 += stepA;
      p2 += stepA;
      p3 += stepA;
      q += stepB;
    }
    v128.store(c, s00);
    v128.store(c, s01, 16);
    v128.store(c1, s10);
    v128.store(c1, s11, 16);
    v128.store(c2, s20);
    v128.store(c2, s21, 16);
    v128.store(c3, s30);
    v128.store(c3, s31, 16);
    b += panel;
    c += 32;
  }
}

/**
 * c[n] = (accumulate ? c : 0) + a[k]·B[k, n] for one row, B unpacked: eight accumulators hide the latency of the
 * multiply-add.
 */
export function rowTimesMatrix(
  a: usize,
  stepA: usize,
  b: usize,
  stepB: usize,
  c: usize,
  k: i32,
  n: i32,
  accumulate: bool,
): void {
  let j = 0;
  for (; j + 32 <= n; j += 32) {
    let p = a;
    let q = b + ((<usize>j) << 2);
    let s0 = f32x4.splat(0);
    let s1 = s0;
    let s2 = s0;
    let s3 = s0;
    let s4 = s0;
    let s5 = s0;
    let s6 = s0;
    let s7 = s0;
    const out = c + ((<usize>j) << 2);
    if (accumulate) {
      s0 = v128.load(out);
      s1 = v128.load(out, 16);
      s2 = v128.load(out, 32);
      s3 = v128.load(out, 48);
      s4 = v128.load(out, 64);
      s5 = v128.load(out, 80);
      s6 = v128.load(out, 96);
      s7 = v128.load(out, 112);
    }
    for (let i = k; i > 0; i--) {
      const x = v128.load32_splat(p);
      s0 = madd(x, v128.load(q), s0);
      s1 = madd(x, v128.load(q, 16), s1);
      s2 = madd(x, v128.load(q, 32), s2);
      s3 = madd(x, v128.load(q, 48), s3);
      s4 = madd(x, v128.load(q, 64), s4);
      s5 = madd(x, v128.load(q, 80), s5);
      s6 = madd(x, v128.load(q, 96), s6);
      s7 = madd(x, v128.load(q, 112), s7);
      p += stepA;
      q += stepB;
    }
    v128.store(out, s0);
    v128.store(out, s1, 16);
    v128.store(out, s2, 32);
    v128.store(out, s3, 48);
    v128.store(out, s4, 64);
    v128.store(out, s5, 80);
    v128.store(out, s6, 96);
    v128.store(out, s7, 112);
  }
  for (; j + 4 <= n; j += 4) {
    let p = a;
    let q = b + ((<usize>j) << 2);
    let s = accumulate ? v128.load(c + ((<usize>j) << 2)) : f32x4.splat(0);
    for (let i = k; i > 0; i--) {
      s = madd(v128.load32_splat(p), v128.load(q), s);
      p += stepA;
      q += stepB;
    }
    v128.store(c + ((<usize>j) << 2), s);
  }
  for (; j < n; j++) {
    let p = a;
    let q = b + ((<usize>j) << 2);
    let s: f32 = accumulate ? load<f32>(c + ((<usize>j) << 2)) : 0;
    for (let i = k; i > 0; i--) {
      s += load<f32>(p) * load<f32>(q);
      p += stepA;
      q += stepB;
    }
    store<f32>(c + ((<usize>j) << 2), s);
  }
}
