import { madd } from './simd';
import { addScaled } from './vectors';

/** Bytes of a row at a time, so that four rows of sums stay in a first-level cache. */
const panel: usize = 4096;
/** From one row of sums to the next: at a distance of 4096 bytes a load waits for stores that it has nothing to do with. */
const stepTile: usize = panel + 80;

/** c[n] += x·b[n]. */
function row1x1(x: f32, b: usize, c: usize, bytes: usize): void {
  addScaled(x, b, c, <i32>(bytes >> 2));
}

/** c[n] += x0·b0[n] + x1·b1[n]. */
function row1x2(x0: f32, x1: f32, b0: usize, b1: usize, c: usize, bytes: usize): void {
  const v0 = f32x4.splat(x0);
  const v1 = f32x4.splat(x1);
  const whole = bytes & ~15;
  let i: usize = 0;
  for (; i < whole; i += 16) {
    v128.store(c + i, madd(v1, v128.load(b1 + i), madd(v0, v128.load(b0 + i), v128.load(c + i))));
  }
  for (; i < bytes; i += 4) {
    store<f32>(c + i, load<f32>(c + i) + x0 * load<f32>(b0 + i) + x1 * load<f32>(b1 + i));
  }
}

/** Four rows of sums += A[4, 2]·B[2, n]; rows of A are `rowA` bytes apart, `bytes` is a multiple of 16. */
function rows4x2(a0: usize, a1: usize, rowA: usize, b0: usize, b1: usize, sums: usize, bytes: usize): void {
  const x00 = v128.load32_splat(a0);
  const x01 = v128.load32_splat(a1);
  const x10 = v128.load32_splat(a0 + rowA);
  const x11 = v128.load32_splat(a1 + rowA);
  const x20 = v128.load32_splat(a0 + 2 * rowA);
  const x21 = v128.load32_splat(a1 + 2 * rowA);
  const x30 = v128.load32_splat(a0 + 3 * rowA);
  const x31 = v128.load32_splat(a1 + 3 * rowA);
  for (const end = b0 + bytes; b0 < end; b0 += 16, b1 += 16, sums += 16) {
    const y0 = v128.load(b0);
    const y1 = v128.load(b1);
    v128.store(sums, madd(x01, y1, madd(x00, y0, v128.load(sums))));
    v128.store(sums, madd(x11, y1, madd(x10, y0, v128.load(sums, stepTile))), stepTile);
    v128.store(sums, madd(x21, y1, madd(x20, y0, v128.load(sums, 2 * stepTile))), 2 * stepTile);
    v128.store(sums, madd(x31, y1, madd(x30, y0, v128.load(sums, 3 * stepTile))), 3 * stepTile);
  }
}

/** c[n] += a[k]·B[k, n]. */
function oneRow(a: usize, stepA: usize, b: usize, stepB: usize, c: usize, bytes: usize, k: i32): void {
  const half = <usize>(k >> 1);
  for (let i: usize = 0; i < half; i++, a += stepA, b += stepB) {
    row1x2(load<f32>(a), load<f32>(a + half * stepA), b, b + half * stepB, c, bytes);
  }
  if (k & 1) row1x1(load<f32>(a + half * stepA), b + half * stepB, c, bytes);
}

/** Four rows of sums += A[4, k]·B[k, n]. */
function fourRows(
  a: usize,
  rowA: usize,
  stepA: usize,
  b: usize,
  stepB: usize,
  sums: usize,
  bytes: usize,
  k: i32,
): void {
  const half = <usize>(k >> 1);
  for (let i: usize = 0; i < half; i++, a += stepA, b += stepB) {
    rows4x2(a, a + half * stepA, rowA, b, b + half * stepB, sums, bytes);
  }
  if (k & 1) {
    for (let r: usize = 0; r < 4; r++) {
      row1x1(load<f32>(a + half * stepA + r * rowA), b + half * stepB, sums + r * stepTile, bytes);
    }
  }
}

/**
 * C[m, n] (+)= A[m, k]·B[k, n] for few rows of A and a B that no cache holds: B is read along its rows, from its two
 * halves at once. Those are two streams in pages of their own, which a processor fetches ahead of; of rows side by side
 * it sees one stream that jumps. Rows of A are `rowA` bytes apart and numbers along k `stepA`.
 * @param tile scratch for four rows of sums
 */
export function fewRowsTimesMatrix(
  a: usize,
  rowA: usize,
  stepA: usize,
  b: usize,
  stepB: usize,
  c: usize,
  stepC: usize,
  m: i32,
  n: i32,
  k: i32,
  accumulate: bool,
  tile: usize,
): void {
  const row = (<usize>n) << 2;
  if (!accumulate) for (let r: usize = 0; r < <usize>m; r++) memory.fill(c + r * stepC, 0, row);
  const four = m & ~3;
  const whole = four > 0 ? row & ~15 : 0;
  for (let i = 0; i < four; i += 4) {
    const from = a + <usize>i * rowA;
    const to = c + <usize>i * stepC;
    for (let at: usize = 0; at < whole; at += panel) {
      const bytes = min(panel, whole - at);
      memory.fill(tile, 0, 4 * stepTile);
      fourRows(from, rowA, stepA, b + at, stepB, tile, bytes, k);
      for (let r: usize = 0; r < 4; r++) row1x1(1, tile + r * stepTile, to + r * stepC + at, bytes);
    }
  }
  for (let i = 0; i < m; i++) {
    const at: usize = i < four ? whole : 0;
    if (at < row) oneRow(a + <usize>i * rowA, stepA, b + at, stepB, c + <usize>i * stepC + at, row - at, k);
  }
}
