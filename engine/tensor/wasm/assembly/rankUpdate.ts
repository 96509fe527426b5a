import { madd } from './simd';

/** out = keep·w − sum for eight numbers; the sum also to `taken`, where it is not 0. */
function finish(sum0: v128, sum1: v128, keep: v128, w: usize, out: usize, taken: usize): void {
  if (taken !== 0) {
    v128.store(taken, sum0);
    v128.store(taken, sum1, 16);
  }
  v128.store(out, f32x4.sub(f32x4.mul(keep, v128.load(w)), sum0));
  v128.store(out, f32x4.sub(f32x4.mul(keep, v128.load(w, 16)), sum1), 16);
}

/** The six rows at w, in tiles of eight columns up to `edge` bytes, with Σ_t x_t h_tᵀ taken off and kept where asked. */
function tilesOfSix(
  x: usize,
  stepX: usize,
  h: usize,
  stepH: usize,
  w: usize,
  out: usize,
  taken: usize,
  stepW: usize,
  edge: usize,
  chunk: i32,
  retention: f32,
): void {
  const keep = f32x4.splat(retention);
  for (let j: usize = 0; j < edge; j += 32) {
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
    let p = x;
    let q = h + j;
    for (let t = chunk; t > 0; t--) {
      const h0 = v128.load(q);
      const h1 = v128.load(q, 16);
      let a = v128.load32_splat(p);
      s00 = madd(a, h0, s00);
      s01 = madd(a, h1, s01);
      a = v128.load32_splat(p, 4);
      s10 = madd(a, h0, s10);
      s11 = madd(a, h1, s11);
      a = v128.load32_splat(p, 8);
      s20 = madd(a, h0, s20);
      s21 = madd(a, h1, s21);
      a = v128.load32_splat(p, 12);
      s30 = madd(a, h0, s30);
      s31 = madd(a, h1, s31);
      a = v128.load32_splat(p, 16);
      s40 = madd(a, h0, s40);
      s41 = madd(a, h1, s41);
      a = v128.load32_splat(p, 20);
      s50 = madd(a, h0, s50);
      s51 = madd(a, h1, s51);
      p += stepX;
      q += stepH;
    }
    let at = j;
    finish(s00, s01, keep, w + at, out + at, taken === 0 ? <usize>0 : taken + at);
    at += stepW;
    finish(s10, s11, keep, w + at, out + at, taken === 0 ? <usize>0 : taken + at);
    at += stepW;
    finish(s20, s21, keep, w + at, out + at, taken === 0 ? <usize>0 : taken + at);
    at += stepW;
    finish(s30, s31, keep, w + at, out + at, taken === 0 ? <usize>0 : taken + at);
    at += stepW;
    finish(s40, s41, keep, w + at, out + at, taken === 0 ? <usize>0 : taken + at);
    at += stepW;
    finish(s50, s51, keep, w + at, out + at, taken === 0 ? <usize>0 : taken + at);
  }
}

/** The four rows at w, in tiles of eight columns up to `edge` bytes, with Σ_t x_t h_tᵀ taken off and kept where asked. */
function tilesOfFour(
  x: usize,
  stepX: usize,
  h: usize,
  stepH: usize,
  w: usize,
  out: usize,
  taken: usize,
  stepW: usize,
  edge: usize,
  chunk: i32,
  retention: f32,
): void {
  const keep = f32x4.splat(retention);
  for (let j: usize = 0; j < edge; j += 32) {
    let s00 = f32x4.splat(0);
    let s01 = s00;
    let s10 = s00;
    let s11 = s00;
    let s20 = s00;
    let s21 = s00;
    let s30 = s00;
    let s31 = s00;
    let p = x;
    let q = h + j;
    for (let t = chunk; t > 0; t--) {
      const h0 = v128.load(q);
      const h1 = v128.load(q, 16);
      let a = v128.load32_splat(p);
      s00 = madd(a, h0, s00);
      s01 = madd(a, h1, s01);
      a = v128.load32_splat(p, 4);
      s10 = madd(a, h0, s10);
      s11 = madd(a, h1, s11);
      a = v128.load32_splat(p, 8);
      s20 = madd(a, h0, s20);
      s21 = madd(a, h1, s21);
      a = v128.load32_splat(p, 12);
      s30 = madd(a, h0, s30);
      s31 = madd(a, h1, s31);
      p += stepX;
      q += stepH;
    }
    let at = j;
    finish(s00, s01, keep, w + at, out + at, taken === 0 ? <usize>0 : taken + at);
    at += stepW;
    finish(s10, s11, keep, w + at, out + at, taken === 0 ? <usize>0 : taken + at);
    at += stepW;
    finish(s20, s21, keep, w + at, out + at, taken === 0 ? <usize>0 : taken + at);
    at += stepW;
    finish(s30, s31, keep, w + at, out + at, taken === 0 ? <usize>0 : taken + at);
  }
}

/** `columns` elements of one row. */
function row(
  x: usize,
  stepX: usize,
  h: usize,
  stepH: usize,
  w: usize,
  out: usize,
  taken: usize,
  columns: i32,
  chunk: i32,
  retention: f32,
): void {
  const keep = f32x4.splat(retention);
  for (; columns >= 4; columns -= 4, h += 16, w += 16, out += 16) {
    let s = f32x4.splat(0);
    for (let t: usize = 0; t < <usize>chunk; t++) {
      s = madd(v128.load32_splat(x + t * stepX), v128.load(h + t * stepH), s);
    }
    if (taken !== 0) {
      v128.store(taken, s);
      taken += 16;
    }
    v128.store(out, f32x4.sub(f32x4.mul(keep, v128.load(w)), s));
  }
  for (; columns > 0; columns--, h += 4, w += 4, out += 4) {
    let s: f32 = 0;
    for (let t: usize = 0; t < <usize>chunk; t++) s += load<f32>(x + t * stepX) * load<f32>(h + t * stepH);
    if (taken !== 0) {
      store<f32>(taken, s);
      taken += 4;
    }
    store<f32>(out, retention * load<f32>(w) - s);
  }
}

/** out = retention·W − Σ_t x_t h_tᵀ for W [rows, columns], x [C, rows], h [C, columns]; the sum also to `taken`. */
export function rankUpdate(
  x: usize,
  h: usize,
  w: usize,
  out: usize,
  taken: usize,
  chunk: i32,
  rows: i32,
  columns: i32,
  retention: f32,
): void {
  const stepX = (<usize>rows) << 2;
  const stepW = (<usize>columns) << 2;
  const edge = (<usize>(columns & ~7)) << 2;
  let i = 0;
  while (rows - i >= 4) {
    const height = rows - i >= 9 || rows - i === 6 ? 6 : 4;
    const a = x + ((<usize>i) << 2);
    const at = <usize>i * stepW;
    const kept = taken === 0 ? <usize>0 : taken + at;
    if (height === 6) {
      tilesOfSix(a, stepX, h, stepW, w + at, out + at, kept, stepW, edge, chunk, retention);
    } else tilesOfFour(a, stepX, h, stepW, w + at, out + at, kept, stepW, edge, chunk, retention);
    if (edge < stepW) {
      for (let r: usize = 0; r < <usize>height; r++) {
        const from = at + r * stepW + edge;
        const kept = taken === 0 ? <usize>0 : taken + from;
        const left = columns & 7;
        row(a + (r << 2), stepX, h + edge, stepW, w + from, out + from, kept, left, chunk, retention);
      }
    }
    i += height;
  }
  for (; i < rows; i++) {
    const at = <usize>i * stepW;
    const kept = taken === 0 ? <usize>0 : taken + at;
    row(x + ((<usize>i) << 2), stepX, h, stepW, w + at, out + at, kept, columns, chunk, retention);
  }
}
