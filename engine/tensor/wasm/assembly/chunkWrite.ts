import { afterOf, beforeOf, fillGates, gatesBytes, retentionOf, solve } from './chunkGates';
import { gelu, geluWithDerivative } from './gelu';
import { matMul, matMulScratchBytes } from './matMul';
import { rankUpdate } from './rankUpdate';
import { combine, dot, product, scale } from './vectors';

// Working memory of a chunk: scratch of the matrix product, then for each group its gates and its tokens, the keys,
// values and queries as the rows of one matrix so that a memory is read once for all three; then buffers that each
// memory and group uses in turn.

/** Σ x² + this is never 0. */
export const normFloor: f32 = 1e-12;

export function tokensBytes(chunk: i32, queries: i32, width: i32): usize {
  return (<usize>((2 * chunk + queries) * width)) << 2;
}

/** Address of the gates of group 0. */
export function gatesAt(work: usize): usize {
  return work + matMulScratchBytes();
}

/** Address of the tokens of group 0. */
export function tokensAt(work: usize, groups: i32, chunk: i32): usize {
  return gatesAt(work) + <usize>groups * gatesBytes(chunk);
}

/** Bytes of working memory that `prepareChunk` and `writeChunk` need. */
export function chunkBytes(groups: i32, chunk: i32, queries: i32, width: i32, hidden: i32, out: i32): usize {
  const rows = 2 * chunk + queries;
  const buffers = (<usize>(2 * rows * hidden + rows * out + chunk * out + 2 * chunk * hidden)) << 2;
  return tokensAt(0, groups, chunk) + <usize>groups * tokensBytes(chunk, queries, width) + buffers;
}

/** Gates and tokens of all groups from k, v [G, C, D], q [G, Q, D], η and log α [G, C]. */
export function prepareChunk(
  k: usize,
  v: usize,
  q: usize,
  eta: usize,
  logAlpha: usize,
  groups: i32,
  chunk: i32,
  queries: i32,
  width: i32,
  work: usize,
): void {
  let gates = gatesAt(work);
  let tokens = tokensAt(work, groups, chunk);
  const keys = (<usize>(chunk * width)) << 2;
  const reads = (<usize>(queries * width)) << 2;
  for (; groups > 0; groups--) {
    fillGates(k, eta, logAlpha, gates, chunk, width, work);
    memory.copy(tokens, k, keys);
    memory.copy(tokens + keys, v, keys);
    memory.copy(tokens + 2 * keys, q, reads);
    k += keys;
    v += keys;
    q += reads;
    eta += (<usize>chunk) << 2;
    logAlpha += (<usize>chunk) << 2;
    gates += gatesBytes(chunk);
    tokens += 2 * keys + reads;
  }
}

/** min(1, ceiling/‖∇ℓ_t‖); ∇ℓ_t = (e hᵀ, δ kᵀ). `squared` is ‖∇ℓ_t‖². */
export function clip(squared: f32, ceiling: f32): f32 {
  return min<f32>(1, ceiling / Mathf.sqrt(squared));
}

/**
 * Writes one memory of every group with the chunk that was prepared, and reads the queries with the weights from
 * before: W1 [G, O, H], W2 [G, H, D], surprise [G, C, O], read [G, Q, O]. What was subtracted goes to `taken1` and
 * `taken2` where they are not 0.
 */
export function writeChunk(
  eta: usize,
  w1: usize,
  w2: usize,
  newW1: usize,
  newW2: usize,
  taken1: usize,
  taken2: usize,
  surprise: usize,
  read: usize,
  groups: i32,
  chunk: i32,
  queries: i32,
  width: i32,
  hidden: i32,
  out: i32,
  ceiling: f32,
  dotProduct: bool,
  work: usize,
): void {
  const rows = 2 * chunk + queries;
  let gates = gatesAt(work);
  let tokens = tokensAt(work, groups, chunk);
  const pre = tokens + <usize>groups * tokensBytes(chunk, queries, width);
  const activity = pre + ((<usize>(rows * hidden)) << 2);
  const answers = activity + ((<usize>(rows * hidden)) << 2);
  const error = answers + ((<usize>(rows * out)) << 2);
  const delta = error + ((<usize>(chunk * out)) << 2);
  const slope = delta + ((<usize>(chunk * hidden)) << 2);
  const keyRow = (<usize>width) << 2;
  const hiddenRow = (<usize>hidden) << 2;
  const outRow = (<usize>out) << 2;
  const chunkOut = <usize>chunk * outRow;
  for (let g = 0; g < groups; g++) {
    matMul(tokens, w2, pre, rows, hidden, width, false, true, work, false);
    geluWithDerivative(pre, activity, slope, chunk * hidden);
    const rest = <usize>chunk * hiddenRow;
    gelu(pre + rest, activity + rest, (rows - chunk) * hidden);
    if (out === width) memory.copy(answers, tokens, tokensBytes(chunk, queries, width));
    matMul(activity, w1, answers, rows, out, hidden, false, true, work, out === width);
    memory.copy(read, answers + 2 * chunkOut, <usize>queries * outRow);
    if (dotProduct) scale(-1, answers + chunkOut, error, chunk * out);
    else combine(2, answers, -2, answers + chunkOut, error, chunk * out);
    memory.copy(surprise, error, chunkOut);
    matMul(error, w1, delta, chunk, hidden, out, false, false, work, false);
    product(delta, slope, delta, chunk * hidden);

    const before = beforeOf(gates, chunk);
    const after = afterOf(gates, chunk);
    for (let t = 0; t < chunk; t++) {
      const e = error + <usize>t * outRow;
      const d = delta + <usize>t * hiddenRow;
      const h = activity + <usize>t * hiddenRow;
      const key = tokens + <usize>t * keyRow;
      let s: f32 = 1;
      if (ceiling < f32.MAX_VALUE) {
        const onW1 = dot(e, e, out) * dot(h, h, hidden);
        s = clip(onW1 + dot(d, d, hidden) * dot(key, key, width) + normFloor, ceiling);
      }
      const rate = load<f32>(eta + ((<usize>t) << 2));
      const kept = load<f32>(before + ((<usize>t) << 2));
      scale(s * rate * load<f32>(after + ((<usize>t) << 2)), e, e, out);
      combine(rate * kept, pre + <usize>t * hiddenRow, rate * s, d, d, hidden);
    }
    solve(gates, delta, chunk, hidden);
    for (let t = 0; t < chunk; t++) {
      const d = delta + <usize>t * hiddenRow;
      scale(load<f32>(after + ((<usize>t) << 2)), d, d, hidden);
    }
    const retention = load<f32>(retentionOf(gates, chunk));
    rankUpdate(error, activity, w1, newW1, taken1, chunk, out, hidden, retention);
    rankUpdate(delta, tokens, w2, newW2, taken2, chunk, hidden, width, retention);

    const size1 = <usize>out * hiddenRow;
    const size2 = <usize>hidden * keyRow;
    w1 += size1;
    newW1 += size1;
    w2 += size2;
    newW2 += size2;
    if (taken1 !== 0) {
      taken1 += size1;
      taken2 += size2;
    }
    surprise += chunkOut;
    read += <usize>queries * outRow;
    eta += (<usize>chunk) << 2;
    gates += gatesBytes(chunk);
    tokens += tokensBytes(chunk, queries, width);
  }
}
