import { madd } from './simd';

/** The four rows and eight columns at w, with Σ_t x_t h_tᵀ taken off and, where `taken` is not 0, kept there. */
function tile(
  x: usize,
  stepX: usize,
  h: usize,
  stepH: usize,
  w: usize,
  out: usize,
  taken: usize,
  stepW: usize,
  chunk: i32,
  retention: v128,
): void {
  let s00 = f32x4.splat(0);
  let s01 = s00;
  let s10 = s00;
  let s11 = s00;
  let s20 = s00;
  let s21 = s00;
  let s30 = s00;
  let s31 = s00;
  for (; chunk > 0; chunk--) {
    const h0 = v128.load(h);
    const h1 = v128.load(h, 16);
    let a = v128.load32_splat(x);
    s00 = madd(a, h0, s00);
    s01 = madd(a, h1, s01);
    a = v128.load32_splat(x, 4);
    s10 = madd(a, h0, s10);
    s11 = madd(a, h1, s11);
    a = v128.load32_splat(x, 8);
    s20 = madd(a, h0, s20);
    s21 = madd(a, h1, s21);
    a = v128.load32_splat(x, 12);
    s30 = madd(a, h0, s30);
    s31 = madd(a, h1, s31);
    x += stepX;
    h += stepH;
  }
  if (taken !== 0) {
    v128.store(taken, s00);
    v128.store(taken, s01, 16);
    v128.store(taken + stepW, s10);
    v128.store(taken + stepW, s11, 16);
    v128.store(taken + 2 * stepW, s20);
    v128.store(taken + 2 * stepW, s21, 16);
    v128.store(taken + 3 * stepW, s30);
    v128.store(taken + 3 * stepW, s31, 16);
  }
  v128.store(out, f32x4.sub(f32x4.mul(retention, v128.load(w)), s00));
  v128.store(out, f32x4.sub(f32x4.mul(retention, v128.load(w, 16)), s01), 16);
  w += stepW;
  out += stepW;
  v128.store(out, f32x4.sub(f32x4.mul(retention, v128.load(w)), s10));
  v128.store(out, f32x4.sub(f32x4.mul(retention, v128.load(w, 16)), s11), 16);
  w += stepW;
  out += stepW;
  v128.store(out, f32x4.sub(f32x4.mul(retention, v128.load(w)), s20));
  v128.store(out, f32x4.sub(f32x4.mul(retention, v128.load(w, 16)), s21), 16);
  w += stepW;
  out += stepW;
  v128.store(out, f32x4.sub(f32x4.mul(retention, v128.load(w)), s30));
  v128.store(out, f32x4.sub(f32x4.mul(retention, v128.load(w, 16)), s31), 16);
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
  const keep = f32x4.splat(retention);
  const stepX = (<usize>rows) << 2;
  const stepW = (<usize>columns) << 2;
  const eight = columns & ~7;
  const edge = (<usize>eight) << 2;
  let i = 0;
  for (; i + 4 <= rows; i += 4) {
    const a = x + ((<usize>i) << 2);
    const at = <usize>i * stepW;
    for (let j: usize = 0; j < edge; j += 32) {
      const kept = taken === 0 ? <usize>0 : taken + at + j;
      tile(a, stepX, h + j, stepW, w + at + j, out + at + j, kept, stepW, chunk, keep);
    }
    if (eight < columns) {
      for (let r: usize = 0; r < 4; r++) {
        const from = at + r * stepW + edge;
        const kept = taken === 0 ? <usize>0 : taken + from;
        row(
          a + (r << 2),
          stepX,
          h + edge,
          stepW,
          w + from,
          out + from,
          kept,
          columns - eight,
          chunk,
          retention,
        );
      }
    }
  }
  for (; i < rows; i++) {
    const at = <usize>i * stepW;
    const kept = taken === 0 ? <usize>0 : taken + at;
    row(x + ((<usize>i) << 2), stepX, h, stepW, w + at, out + at, kept, columns, chunk, retention);
  }
}
