import { fewRowsTimesTransposed } from './dotTile';
import { fewRowsTimesMatrix } from './fewRows';
import { packColumns, packFour, packRows, packSix } from './pack';
import { streamMatMul } from './stream';
import { rowTimesMatrix, tiles4x8 } from './tile';
import { tiles6x8 } from './tileSix';

// A packed block of B is [256, 512] floats: half of a common second-level cache, and each panel of eight
// columns a quarter of a first-level one.
const blockK: i32 = 256;
const blockN: i32 = 512;
// An inner axis so short that a tile writes more than it computes.
const shortAxis: i32 = 8;
// Numbers of B up to which it stays in a cache while fewer than eight rows of A pass.
const largest: i32 = 8192;
// Up to this many rows, packing a transposed B costs more than it saves.
const fewRows: i32 = 16;
const packedBytes: usize = (<usize>(blockK * blockN)) << 2;
const packedRowBytes: usize = (<usize>(blockK * 6)) << 2;
const tileBytes: usize = 6 << 5;

/** Bytes of scratch that `batchMatMul` needs: a packed block of B, six packed rows of A, one tile of C. */
export function matMulScratchBytes(): usize {
  return packedBytes + packedRowBytes + tileBytes;
}

/** Rows of the next tile where `rows` are left: six, or four where that leaves less of the last tile empty. */
function heightOf(rows: i32): i32 {
  return rows >= 9 || rows === 6 || rows === 5 ? 6 : 4;
}

function addTile(tile: usize, c: usize, stepC: usize, rows: i32, columns: i32, accumulate: bool): void {
  for (let i = 0; i < rows; i++) {
    for (let j: usize = 0; j < (<usize>columns) << 2; j += 4) {
      const old: f32 = accumulate ? load<f32>(c + j) : 0;
      store<f32>(c + j, old + load<f32>(tile + j));
    }
    tile += 32;
    c += stepC;
  }
}

/** C[m, n] = (add ? C : 0) + op(A)·op(B), dense row-major float32. */
export function matMul(
  a: usize,
  b: usize,
  c: usize,
  m: i32,
  n: i32,
  k: i32,
  transposeA: bool,
  transposeB: bool,
  scratch: usize,
  add: bool,
): void {
  const rowA: usize = transposeA ? 4 : (<usize>k) << 2;
  const stepA: usize = transposeA ? (<usize>m) << 2 : 4;
  if (transposeB && !transposeA && m <= fewRows) {
    fewRowsTimesTransposed(a, b, c, m, n, k, add);
    return;
  }
  if (!transposeB && k <= shortAxis) {
    streamMatMul(a, rowA, stepA, b, c, m, n, k, add);
    return;
  }
  tiledColumns(a, b, c, m, n, k, transposeA, transposeB, scratch, add, 0, n);
}

/** Whether the columns of a product may be computed apart, by `matMulColumns`. */
export function hasColumns(m: i32, k: i32, transposeA: bool, transposeB: bool): bool {
  if (k === 0 || (transposeB && !transposeA && m <= fewRows)) return false;
  return transposeB || k > shortAxis;
}

/**
 * Columns `first` to `last` of C = op(A)·op(B), the same bits as those of the whole product where `first` and, but for
 * the last column, `last` are multiples of 32.
 */
export function matMulColumns(
  a: usize,
  b: usize,
  c: usize,
  m: i32,
  n: i32,
  k: i32,
  transposeA: bool,
  transposeB: bool,
  scratch: usize,
  first: i32,
  last: i32,
): void {
  tiledColumns(a, b, c, m, n, k, transposeA, transposeB, scratch, false, first, last);
}

function tiledColumns(
  a: usize,
  b: usize,
  c: usize,
  m: i32,
  n: i32,
  k: i32,
  transposeA: bool,
  transposeB: bool,
  scratch: usize,
  add: bool,
  first: i32,
  last: i32,
): void {
  const rowA: usize = transposeA ? 4 : (<usize>k) << 2;
  const stepA: usize = transposeA ? (<usize>m) << 2 : 4;
  const stepC = (<usize>n) << 2;
  if (!transposeB && m < 8 && k * n > largest) {
    const skip = (<usize>first) << 2;
    fewRowsTimesMatrix(a, rowA, stepA, b + skip, stepC, c + skip, stepC, m, last - first, k, add, scratch);
    return;
  }
  // Packing costs one pass over B; it pays when B is read often and does not stay in the first-level cache, or
  // when its rows are so far apart that they fall on the same few cache lines.
  const packB = transposeB || (k * n > 8192 && (m > 16 || (m >= 8 && n >= 256)));
  const packA = transposeA && k > 64 && n > 16;
  const packedA = scratch + packedBytes;
  const tile = packedA + packedRowBytes;
  const wholeRows = packB ? m : m & ~3;
  const stepB: usize = transposeB ? (<usize>k) << 2 : (<usize>n) << 2;
  for (let k0 = 0; k0 < k; k0 += blockK) {
    const depth = min(blockK, k - k0);
    const accumulate = add || k0 > 0;
    for (let n0 = first; n0 < last; n0 += blockN) {
      const width = min(blockN, last - n0);
      const edge = width & ~7;
      let from: usize = 0;
      if (transposeB) {
        packRows(b + <usize>n0 * stepB + ((<usize>k0) << 2), stepB, scratch, depth, width);
      } else {
        from = b + <usize>k0 * stepB + ((<usize>n0) << 2);
        if (packB) packColumns(from, stepB, scratch, depth, width);
        else if (edge < width) {
          packColumns(from + ((<usize>edge) << 2), stepB, scratch, depth, width - edge);
        }
      }
      const panel: usize = packB ? (<usize>depth) << 5 : 32;
      const stepPanel: usize = packB ? 32 : stepB;
      const panels = packB ? scratch : from;
      const edgePanel = packB ? scratch + <usize>(edge >> 3) * panel : scratch;
      const stepEdge: usize = packB ? stepPanel : 32;
      let height = 0;
      for (let i = 0; i < wholeRows; i += height) {
        height = heightOf(wholeRows - i);
        const rows = min(height, wholeRows - i);
        let a0 = a + <usize>i * rowA + <usize>k0 * stepA;
        let a1 = rows > 1 ? a0 + rowA : a0;
        let a2 = rows > 2 ? a1 + rowA : a1;
        let a3 = rows > 3 ? a2 + rowA : a2;
        let a4 = rows > 4 ? a3 + rowA : a3;
        let a5 = rows > 5 ? a4 + rowA : a4;
        let step = stepA;
        if (packA) {
          if (height === 6) packSix(a0, a1, a2, a3, a4, a5, stepA, packedA, depth);
          else packFour(a0, a1, a2, a3, stepA, packedA, depth);
          a0 = packedA;
          a1 = packedA + 4;
          a2 = packedA + 8;
          a3 = packedA + 12;
          a4 = packedA + 16;
          a5 = packedA + 20;
          step = (<usize>height) << 2;
        }
        let out = c + <usize>i * stepC + ((<usize>n0) << 2);
        let j = 0;
        let q = panels;
        if (rows === height) {
          const count = edge >> 3;
          if (height === 6) {
            tiles6x8(a0, a1, a2, a3, a4, a5, step, q, stepPanel, panel, count, out, stepC, depth, accumulate);
          } else tiles4x8(a0, a1, a2, a3, step, q, stepPanel, panel, count, out, stepC, depth, accumulate);
          j = edge;
          out += (<usize>edge) << 2;
        }
        for (; j < width; j += 8) {
          const inside = j < edge;
          const from = inside ? q : edgePanel;
          const stepFrom = inside ? stepPanel : stepEdge;
          if (height === 6) {
            tiles6x8(a0, a1, a2, a3, a4, a5, step, from, stepFrom, 0, 1, tile, 32, depth, false);
          } else tiles4x8(a0, a1, a2, a3, step, from, stepFrom, 0, 1, tile, 32, depth, false);
          addTile(tile, out, stepC, rows, min(8, width - j), accumulate);
          q += panel;
          out += 32;
        }
      }
    }
  }
  for (let i = wholeRows; i < m; i++) {
    const skip = (<usize>first) << 2;
    rowTimesMatrix(
      a + <usize>i * rowA,
      stepA,
      b + skip,
      stepB,
      c + <usize>i * stepC + skip,
      k,
      last - first,
      add,
    );
  }
}

/**
 * C[batch, m, n] = op(A)·op(B), dense row-major float32. `strideA` and `strideB` are bytes from one matrix of
 * the batch to the next, 0 to use the same one for all.
 */
export function batchMatMul(
  a: usize,
  b: usize,
  c: usize,
  batch: i32,
  strideA: usize,
  strideB: usize,
  m: i32,
  n: i32,
  k: i32,
  transposeA: bool,
  transposeB: bool,
  scratch: usize,
): void {
  const strideC = (<usize>(m * n)) << 2;
  if (k === 0) {
    memory.fill(c, 0, strideC * <usize>batch);
    return;
  }
  for (let i = 0; i < batch; i++) {
    matMul(a, b, c, m, n, k, transposeA, transposeB, scratch, false);
    a += strideA;
    b += strideB;
    c += strideC;
  }
}
