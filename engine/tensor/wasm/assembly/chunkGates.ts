import { constants } from './constants';
import { exp4 } from './exp';
import { matMul } from './matMul';
import { tiles4x8 } from './tile';
import { addScaled } from './vectors';

// What the keys and gates of one chunk fix for every memory that is written with them, one after the other:
//   minusN  [C, C]  −η_t (A_{t−1}/A_s)(k_s·k_t) for s < t, else 0
//   overlap [C, C]  (A_{t−1}/A_s)(k_s·k_t)
//   ratio   [C, C]  A_{t−1}/A_s
//   logs    [C]     log A_t
//   before  [C]     A_{t−1}
//   after   [C]     A_C/A_t
//   retention       A_C

/** Bytes of a chunk's gates. */
export function gatesBytes(chunk: i32): usize {
  return (<usize>(3 * chunk * chunk + 3 * chunk + 1)) << 2;
}
export function overlapOf(gates: usize, chunk: i32): usize {
  return gates + ((<usize>(chunk * chunk)) << 2);
}
export function ratioOf(gates: usize, chunk: i32): usize {
  return gates + ((<usize>(chunk * chunk)) << 3);
}
function logsOf(gates: usize, chunk: i32): usize {
  return gates + ((<usize>(3 * chunk * chunk)) << 2);
}
export function beforeOf(gates: usize, chunk: i32): usize {
  return logsOf(gates, chunk) + ((<usize>chunk) << 2);
}
export function afterOf(gates: usize, chunk: i32): usize {
  return logsOf(gates, chunk) + ((<usize>chunk) << 3);
}
export function retentionOf(gates: usize, chunk: i32): usize {
  return logsOf(gates, chunk) + ((<usize>(3 * chunk)) << 2);
}

function exponential(x: f32): f32 {
  return f32x4.extract_lane(exp4(f32x4.splat(x), constants()), 0);
}

/** Fills `gates` from k [C, D], η [C] and log α [C]. */
export function fillGates(
  k: usize,
  eta: usize,
  logAlpha: usize,
  gates: usize,
  chunk: i32,
  width: i32,
  scratch: usize,
): void {
  const t = constants();
  const row = (<usize>chunk) << 2;
  const logs = logsOf(gates, chunk);
  const before = beforeOf(gates, chunk);
  const after = afterOf(gates, chunk);
  let total: f32 = 0;
  for (let i: usize = 0; i < row; i += 4) {
    store<f32>(before + i, exponential(total));
    total += load<f32>(logAlpha + i);
    store<f32>(logs + i, total);
  }
  store<f32>(retentionOf(gates, chunk), exponential(total));
  for (let i: usize = 0; i < row; i += 4) store<f32>(after + i, exponential(total - load<f32>(logs + i)));

  let minusN = gates;
  let overlap = overlapOf(gates, chunk);
  let ratio = ratioOf(gates, chunk);
  matMul(k, k, overlap, chunk, chunk, width, false, true, scratch, false);
  for (let i: usize = 0; i < row; i += 4) {
    const from = f32x4.splat(i === 0 ? 0 : load<f32>(logs + i - 4));
    const minusEta = -load<f32>(eta + i);
    let s: usize = 0;
    for (; s < i; s += 4) {
      const r = f32x4.extract_lane(exp4(f32x4.sub(from, v128.load32_splat(logs + s)), t), 0);
      const o = r * load<f32>(overlap + s);
      store<f32>(ratio + s, r);
      store<f32>(overlap + s, o);
      store<f32>(minusN + s, minusEta * o);
    }
    for (; s < row; s += 4) {
      store<f32>(ratio + s, 0);
      store<f32>(overlap + s, 0);
      store<f32>(minusN + s, 0);
    }
    minusN += row;
    overlap += row;
    ratio += row;
  }
}

/** Columns of the four rows at `t0` that the tiles of eight leave over. */
function addRows(
  minusN: usize,
  step: usize,
  from: usize,
  to: usize,
  count: i32,
  width: i32,
  row: usize,
): void {
  for (let s = 0; s < count; s++, minusN += step, from += row) addScaled(load<f32>(minusN), from, to, width);
}

/** (I + N)⁻¹ X in place, X [C, H], by forward substitution in blocks of four rows. */
export function solve(minusN: usize, x: usize, chunk: i32, hidden: i32): void {
  const row = (<usize>hidden) << 2;
  const step = (<usize>chunk) << 2;
  const whole = hidden & ~7;
  const edge = x + ((<usize>whole) << 2);
  const four = chunk & ~3;
  for (let t = 0; t < chunk; t++) {
    const first = t & ~3;
    const rows = minusN + <usize>t * step;
    if (t === first && t < four && t > 0) {
      const to = x + <usize>t * row;
      const below = rows + step;
      tiles4x8(rows, below, below + step, below + 2 * step, 4, x, row, 32, whole >> 3, to, row, t, true);
      if (whole < hidden) {
        for (let i = 0; i < 4; i++) {
          addRows(rows + <usize>i * step, 4, edge, edge + <usize>(t + i) * row, t, hidden - whole, row);
        }
      }
    }
    // What the block's tile has not added: its own earlier rows, or all rows where it is no whole block.
    const from = t < four ? first : 0;
    const near = rows + ((<usize>from) << 2);
    addRows(near, 4, x + <usize>from * row, x + <usize>t * row, t - from, hidden, row);
  }
}

/** (I + N)⁻ᵀ X in place, X [C, H], by backward substitution. */
export function solveTransposed(minusN: usize, x: usize, chunk: i32, hidden: i32): void {
  const row = (<usize>hidden) << 2;
  const step = (<usize>chunk) << 2;
  const whole = hidden & ~7;
  const edge = x + ((<usize>whole) << 2);
  const four = chunk & ~3;
  for (let t = chunk - 1; t >= 0; t--) {
    const first = t & ~3;
    const end = first + 4;
    if (t === first + 3 && end < chunk) {
      const a = minusN + <usize>end * step + ((<usize>first) << 2);
      const from = x + <usize>end * row;
      const to = x + <usize>first * row;
      tiles4x8(a, a + 4, a + 8, a + 12, step, from, row, 32, whole >> 3, to, row, chunk - end, true);
      if (whole < hidden) {
        for (let i = 0; i < 4; i++) {
          const to = edge + <usize>(first + i) * row;
          const below = edge + <usize>end * row;
          addRows(a + ((<usize>i) << 2), step, below, to, chunk - end, hidden - whole, row);
        }
      }
    }
    const last = t < four ? end : chunk;
    const near = minusN + <usize>(t + 1) * step + ((<usize>t) << 2);
    addRows(near, step, x + <usize>(t + 1) * row, x + <usize>t * row, last - t - 1, hidden, row);
  }
}
