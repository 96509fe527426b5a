import { madd } from './simd';

/**
 * C[6, 8·panels] = (accumulate ? C : 0) + A[6, k]·B[k, 8·panels]. The six rows of A have a pointer each and a step of
 * `stepA` bytes along k; a panel of eight columns of B is `panel` bytes after the one before, its rows `stepB` apart.
 * Twelve sums, two vectors of B and one of A fill the fifteen registers that V8 gives out, and keep two units for the
 * multiply-add busy over its latency of four cycles.
 */
export function tiles6x8(
  a0: usize,
  a1: usize,
  a2: usize,
  a3: usize,
  a4: usize,
  a5: usize,
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
    const c4 = c3 + stepC;
    const c5 = c4 + stepC;
    let s00 = f32x4.splat(0);
    let s01 = s00;
    let s10 = s00;
    let s11 = s00;
    let s20 = s00;
    let s21 = s00;
    let s30 = s00;
    let s31 = s00;
    let s40 = s00;
    let s41 = s00;
    let s50 = s00;
    let s51 = s00;
    if (accumulate) {
      s00 = v128.load(c);
      s01 = v128.load(c, 16);
      s10 = v128.load(c1);
      s11 = v128.load(c1, 16);
      s20 = v128.load(c2);
      s21 = v128.load(c2, 16);
      s30 = v128.load(c3);
      s31 = v128.load(c3, 16);
      s40 = v128.load(c4);
      s41 = v128.load(c4, 16);
      s50 = v128.load(c5);
      s51 = v128.load(c5, 16);
    }
    let p0 = a0;
    let p1 = a1;
    let p2 = a2;
    let p3 = a3;
    let p4 = a4;
    let p5 = a5;
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
      x = v128.load32_splat(p4);
      s40 = madd(x, b0, s40);
      s41 = madd(x, b1, s41);
      x = v128.load32_splat(p5);
      s50 = madd(x, b0, s50);
      s51 = madd(x, b1, s51);
      p0 += stepA;
      p1 += stepA;
      p2 += stepA;
      p3 += stepA;
      p4 += stepA;
      p5 += stepA;
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
    v128.store(c4, s40);
    v128.store(c4, s41, 16);
    v128.store(c5, s50);
    v128.store(c5, s51, 16);
    b += panel;
    c += 32;
  }
}
