import { madd, sumLanes } from './simd';

/** Σ over the lanes of four vectors, one sum a lane. */
function sumFour(s0: v128, s1: v128, s2: v128, s3: v128): v128 {
  const low01 = i32x4.shuffle(s0, s1, 0, 4, 1, 5);
  const high01 = i32x4.shuffle(s0, s1, 2, 6, 3, 7);
  const low23 = i32x4.shuffle(s2, s3, 0, 4, 1, 5);
  const high23 = i32x4.shuffle(s2, s3, 2, 6, 3, 7);
  const sum01 = f32x4.add(low01, high01);
  const sum23 = f32x4.add(low23, high23);
  return f32x4.add(i64x2.shuffle(sum01, sum23, 0, 2), i64x2.shuffle(sum01, sum23, 1, 3));
}

function put(c: usize, value: f32, accumulate: bool): void {
  store<f32>(c, accumulate ? load<f32>(c) + value : value);
}

function putFour(c: usize, stepC: usize, values: v128, accumulate: bool): void {
  put(c, f32x4.extract_lane(values, 0), accumulate);
  put(c + stepC, f32x4.extract_lane(values, 1), accumulate);
  put(c + 2 * stepC, f32x4.extract_lane(values, 2), accumulate);
  put(c + 3 * stepC, f32x4.extract_lane(values, 3), accumulate);
}

/** Four numbers, `row` bytes apart, as one vector. */
function column(x: usize, row: usize): v128 {
  return f32x4(load<f32>(x), load<f32>(x + row), load<f32>(x + 2 * row), load<f32>(x + 3 * row));
}

/** Two columns, at `c` and `c1`, of C (+)= A[4, k]·Bᵀ by the rows of B at `b` and `b1`; rows are `row` bytes long. */
function tile4x2(
  a: usize,
  b: usize,
  b1: usize,
  row: usize,
  c: usize,
  c1: usize,
  stepC: usize,
  accumulate: bool,
): void {
  const a1 = a + row;
  const a2 = a1 + row;
  const a3 = a2 + row;
  const whole = row & ~15;
  let s00 = f32x4.splat(0);
  let s01 = s00;
  let s10 = s00;
  let s11 = s00;
  let s20 = s00;
  let s21 = s00;
  let s30 = s00;
  let s31 = s00;
  let i: usize = 0;
  for (; i < whole; i += 16) {
    const y0 = v128.load(b + i);
    const y1 = v128.load(b1 + i);
    let x = v128.load(a + i);
    s00 = madd(x, y0, s00);
    s01 = madd(x, y1, s01);
    x = v128.load(a1 + i);
    s10 = madd(x, y0, s10);
    s11 = madd(x, y1, s11);
    x = v128.load(a2 + i);
    s20 = madd(x, y0, s20);
    s21 = madd(x, y1, s21);
    x = v128.load(a3 + i);
    s30 = madd(x, y0, s30);
    s31 = madd(x, y1, s31);
  }
  let left = sumFour(s00, s10, s20, s30);
  let right = sumFour(s01, s11, s21, s31);
  for (; i < row; i += 4) {
    const x = column(a + i, row);
    left = madd(x, v128.load32_splat(b + i), left);
    right = madd(x, v128.load32_splat(b1 + i), right);
  }
  putFour(c, stepC, left, accumulate);
  putFour(c1, stepC, right, accumulate);
}

function tile4x1(a: usize, b: usize, row: usize, c: usize, stepC: usize, accumulate: bool): void {
  const a1 = a + row;
  const a2 = a1 + row;
  const a3 = a2 + row;
  const whole = row & ~15;
  let s0 = f32x4.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  let i: usize = 0;
  for (; i < whole; i += 16) {
    const y = v128.load(b + i);
    s0 = madd(v128.load(a + i), y, s0);
    s1 = madd(v128.load(a1 + i), y, s1);
    s2 = madd(v128.load(a2 + i), y, s2);
    s3 = madd(v128.load(a3 + i), y, s3);
  }
  let sum = sumFour(s0, s1, s2, s3);
  for (; i < row; i += 4) sum = madd(column(a + i, row), v128.load32_splat(b + i), sum);
  putFour(c, stepC, sum, accumulate);
}

/** c[n] (+)= B[n, k]·a[k]: B is read as one stream, which the processor fetches ahead of. */
function rowTimesTransposed(a: usize, b: usize, c: usize, row: usize, n: i32, accumulate: bool): void {
  const whole = row & ~63;
  for (let j = 0; j < n; j++, b += row, c += 4) {
    let s0 = f32x4.splat(0);
    let s1 = s0;
    let s2 = s0;
    let s3 = s0;
    let i: usize = 0;
    for (; i < whole; i += 64) {
      const x = a + i;
      const y = b + i;
      s0 = madd(v128.load(x), v128.load(y), s0);
      s1 = madd(v128.load(x, 16), v128.load(y, 16), s1);
      s2 = madd(v128.load(x, 32), v128.load(y, 32), s2);
      s3 = madd(v128.load(x, 48), v128.load(y, 48), s3);
    }
    let sum = sumLanes(f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3)));
    for (; i < row; i += 4) sum += load<f32>(a + i) * load<f32>(b + i);
    put(c, sum, accumulate);
  }
}

/**
 * C[m, n] (+)= A[m, k]·B[n, k]ᵀ by dot products, for few rows: both sides are read along their rows, so B needs no
 * packing, and it is read once however many rows A has; from its two halves at once, see `fewRowsTimesMatrix`.
 */
export function fewRowsTimesTransposed(
  a: usize,
  b: usize,
  c: usize,
  m: i32,
  n: i32,
  k: i32,
  accumulate: bool,
): void {
  const row = (<usize>k) << 2;
  const stepC = (<usize>n) << 2;
  const four = m & ~3;
  if (four > 0) {
    const half = n >> 1;
    const skip = <usize>half * row;
    const skipC = (<usize>half) << 2;
    for (let j = 0; j < half; j++) {
      const from = b + <usize>j * row;
      const to = c + ((<usize>j) << 2);
      for (let i = 0; i < four; i += 4) {
        const at = to + <usize>i * stepC;
        tile4x2(a + <usize>i * row, from, from + skip, row, at, at + skipC, stepC, accumulate);
      }
    }
    if (n & 1) {
      const from = b + <usize>(n - 1) * row;
      const to = c + ((<usize>(n - 1)) << 2);
      for (let i = 0; i < four; i += 4) {
        tile4x1(a + <usize>i * row, from, row, to + <usize>i * stepC, stepC, accumulate);
      }
    }
  }
  for (let i = four; i < m; i++) {
    rowTimesTransposed(a + <usize>i * row, b, c + <usize>i * stepC, row, n, accumulate);
  }
}
