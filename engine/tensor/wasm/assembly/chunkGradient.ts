import { afterOf, beforeOf, gatesBytes, retentionOf, solve, solveTransposed } from './chunkGates';
import { chunkBytes, clip, gatesAt, normFloor, tokensAt, tokensBytes } from './chunkWrite';
import { geluSecondDerivative, geluWithDerivative } from './gelu';
import { matMul } from './matMul';
import { addProduct, addScaled, combine, dot, product, scale } from './vectors';

// The forward pass is done again from the inputs: keeping it would cost more memory than it saves time. Sums over
// the memories that are written with one chunk are kept for each group until `finishGradient`:
//   minus dN [C, C], d after, d before, dη [C] each, d retention, then d tokens [2C + Q, D].

/** Bytes of one group's sums, without those of its tokens. */
export function sumsBytes(chunk: i32): usize {
  return (<usize>(chunk * chunk + 3 * chunk + 1)) << 2;
}

function allSumsBytes(chunk: i32, queries: i32, width: i32): usize {
  return sumsBytes(chunk) + tokensBytes(chunk, queries, width);
}

export function sumsAt(work: usize, groups: i32, chunk: i32, queries: i32, width: i32): usize {
  return tokensAt(work, groups, chunk) + <usize>groups * tokensBytes(chunk, queries, width);
}

let top: usize = 0;

/** Room for `n` floats after what was taken last. */
function take(n: i32): usize {
  const at = top;
  top += (<usize>n) << 2;
  return at;
}

/** Bytes of working memory that the gradient of a chunk needs. */
export function chunkGradientBytes(
  groups: i32,
  chunk: i32,
  queries: i32,
  width: i32,
  hidden: i32,
  out: i32,
): usize {
  const rows = 2 * chunk + queries;
  const buffers = 4 * rows * hidden + 2 * rows * out + 6 * chunk * hidden + 4 * chunk * out + 2 * chunk;
  const sums = <usize>groups * allSumsBytes(chunk, queries, width);
  return chunkBytes(groups, chunk, queries, width, hidden, out) + sums + ((<usize>buffers) << 2);
}

/** Sets the sums of all groups to 0, after `prepareChunk`. */
export function clearSums(groups: i32, chunk: i32, queries: i32, width: i32, work: usize): void {
  const bytes = <usize>groups * allSumsBytes(chunk, queries, width);
  memory.fill(sumsAt(work, groups, chunk, queries, width), 0, bytes);
}

/**
 * Gradient of `writeChunk` for one memory of every group: dW1 and dW2 from d(new W1), d(new W2) and d(read); that
 * of keys, values, queries and gates is added to the sums.
 */
export function chunkGradient(
  eta: usize,
  w1: usize,
  w2: usize,
  dNewW1: usize,
  dNewW2: usize,
  dRead: usize,
  dW1: usize,
  dW2: usize,
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
  const keyRow = (<usize>width) << 2;
  const hiddenRow = (<usize>hidden) << 2;
  const outRow = (<usize>out) << 2;
  const chunkOut = <usize>chunk * outRow;
  let gates = gatesAt(work);
  let tokens = tokensAt(work, groups, chunk);
  let sums = sumsAt(work, groups, chunk, queries, width);
  top = sums + <usize>groups * allSumsBytes(chunk, queries, width);
  const pre = take(rows * hidden);
  const activity = take(rows * hidden);
  const slope = take(rows * hidden);
  const dActivity = take(rows * hidden);
  const answers = take(rows * out);
  const dAnswers = take(rows * out);
  const error = take(chunk * out);
  const applied = take(chunk * out);
  const dApplied = take(chunk * out);
  const dError = take(chunk * out);
  const blame = take(chunk * hidden);
  const delta = take(chunk * hidden);
  const dDelta = take(chunk * hidden);
  const u = take(chunk * hidden);
  const dU = take(chunk * hidden);
  const dPre = take(chunk * hidden);
  const scales = take(chunk);
  const squares = take(chunk);
  for (let g = 0; g < groups; g++) {
    const before = beforeOf(gates, chunk);
    const after = afterOf(gates, chunk);
    const dAfter = sums + ((<usize>(chunk * chunk)) << 2);
    const dBefore = dAfter + ((<usize>chunk) << 2);
    const dEta = dBefore + ((<usize>chunk) << 2);
    const dRetention = dEta + ((<usize>chunk) << 2);
    const dTokens = dRetention + 4;
    const retention = load<f32>(retentionOf(gates, chunk));

    matMul(tokens, w2, pre, rows, hidden, width, false, true, work, false);
    geluWithDerivative(pre, activity, slope, rows * hidden);
    if (out === width) memory.copy(answers, tokens, tokensBytes(chunk, queries, width));
    matMul(activity, w1, answers, rows, out, hidden, false, true, work, out === width);
    if (dotProduct) scale(-1, answers + chunkOut, error, chunk * out);
    else combine(2, answers, -2, answers + chunkOut, error, chunk * out);
    matMul(error, w1, blame, chunk, hidden, out, false, false, work, false);
    product(blame, slope, delta, chunk * hidden);
    for (let t: usize = 0; t < <usize>chunk; t++) {
      const e = error + t * outRow;
      const d = delta + t * hiddenRow;
      const h = activity + t * hiddenRow;
      const key = tokens + t * keyRow;
      const onW1 = dot(e, e, out) * dot(h, h, hidden);
      const squared = onW1 + dot(d, d, hidden) * dot(key, key, width) + normFloor;
      const s: f32 = ceiling < f32.MAX_VALUE ? clip(squared, ceiling) : 1;
      store<f32>(scales + (t << 2), s);
      store<f32>(squares + (t << 2), squared);
      const rate = load<f32>(eta + (t << 2));
      scale(-s * rate * load<f32>(after + (t << 2)), e, applied + t * outRow, out);
      const kept = load<f32>(before + (t << 2));
      combine(rate * kept, pre + t * hiddenRow, rate * s, d, u + t * hiddenRow, hidden);
    }
    solve(gates, u, chunk, hidden);

    // Through new W1 = A_C W1 − Σ a η s e hᵀ and new W2 = A_C W2 − Σ a u kᵀ; dApplied and dU hold −d at first.
    store<f32>(
      dRetention,
      load<f32>(dRetention) + dot(dNewW1, w1, out * hidden) + dot(dNewW2, w2, hidden * width),
    );
    scale(retention, dNewW1, dW1, out * hidden);
    scale(retention, dNewW2, dW2, hidden * width);
    matMul(activity, dNewW1, dApplied, chunk, out, hidden, false, true, work, false);
    memory.fill(dActivity, 0, <usize>rows * hiddenRow);
    matMul(applied, dNewW1, dActivity, chunk, hidden, out, false, false, work, true);
    matMul(tokens, dNewW2, dU, chunk, hidden, width, false, true, work, false);
    for (let t: usize = 0; t < <usize>chunk; t++) {
      const a = load<f32>(after + (t << 2));
      const rate = load<f32>(eta + (t << 2));
      const s = load<f32>(scales + (t << 2));
      const along = -s * dot(dApplied + t * outRow, error + t * outRow, out);
      const onU = -dot(dU + t * hiddenRow, u + t * hiddenRow, hidden);
      store<f32>(dAfter + (t << 2), load<f32>(dAfter + (t << 2)) + rate * along + onU);
      store<f32>(dEta + (t << 2), load<f32>(dEta + (t << 2)) + a * along);
      scale(-a * rate, dApplied + t * outRow, dError + t * outRow, out);
      scale(-a, u + t * hiddenRow, dPre + t * hiddenRow, hidden);
      scale(-a, dU + t * hiddenRow, dU + t * hiddenRow, hidden);
    }
    matMul(dPre, dNewW2, dTokens, chunk, width, hidden, false, false, work, true);

    // Through (I + N) u = η (b p + s δ).
    solveTransposed(gates, dU, chunk, hidden);
    matMul(dU, u, sums, chunk, chunk, hidden, false, true, work, true);
    for (let t: usize = 0; t < <usize>chunk; t++) {
      const rate = load<f32>(eta + (t << 2));
      const b = load<f32>(before + (t << 2));
      const s = load<f32>(scales + (t << 2));
      const squared = load<f32>(squares + (t << 2));
      const r = dU + t * hiddenRow;
      const p = pre + t * hiddenRow;
      const d = delta + t * hiddenRow;
      const e = error + t * outRow;
      const h = activity + t * hiddenRow;
      const key = tokens + t * keyRow;
      const de = dError + t * outRow;
      const dd = dDelta + t * hiddenRow;
      const onPre = dot(r, p, hidden);
      const onDelta = dot(r, d, hidden);
      store<f32>(dEta + (t << 2), load<f32>(dEta + (t << 2)) + b * onPre + s * onDelta);
      store<f32>(dBefore + (t << 2), load<f32>(dBefore + (t << 2)) + rate * onPre);
      scale(rate * b, r, dPre + t * hiddenRow, hidden);
      scale(rate * s, r, dd, hidden);
      const onScale = dot(de, e, out) + rate * onDelta;
      scale(s, de, de, out);
      if (s < 1) {
        const twice = (-s / squared) * onScale;
        const ee = dot(e, e, out);
        const dSquared = dot(d, d, hidden);
        addScaled(twice * dot(h, h, hidden), e, de, out);
        addScaled(twice * ee, h, dActivity + t * hiddenRow, hidden);
        addScaled(twice * dot(key, key, width), d, dd, hidden);
        addScaled(twice * dSquared, key, dTokens + t * keyRow, width);
      }
    }

    // Through δ = (e W1)·σ′(p).
    product(dDelta, blame, blame, chunk * hidden);
    product(dDelta, slope, dDelta, chunk * hidden);
    geluSecondDerivative(pre, delta, chunk * hidden);
    addProduct(blame, delta, dPre, chunk * hidden);
    matMul(dDelta, w1, dError, chunk, out, hidden, false, true, work, true);
    matMul(error, dDelta, dW1, out, hidden, chunk, true, false, work, true);

    // Through the reads of keys, values and queries.
    scale(dotProduct ? 0 : 2, dError, dAnswers, chunk * out);
    scale(dotProduct ? -1 : -2, dError, dAnswers + chunkOut, chunk * out);
    memory.copy(dAnswers + 2 * chunkOut, dRead, <usize>queries * outRow);
    matMul(dAnswers, w1, dActivity, rows, hidden, out, false, false, work, true);
    matMul(dAnswers, activity, dW1, out, hidden, rows, true, false, work, true);
    product(dActivity, slope, dActivity, rows * hidden);
    addScaled(1, dPre, dActivity, chunk * hidden);
    matMul(dActivity, tokens, dW2, hidden, width, rows, true, false, work, true);
    matMul(dActivity, w2, dTokens, rows, width, hidden, false, false, work, true);
    if (out === width) addScaled(1, dAnswers, dTokens, rows * width);

    const size1 = <usize>out * hiddenRow;
    const size2 = <usize>hidden * keyRow;
    w1 += size1;
    w2 += size2;
    dW1 += size1;
    dW2 += size2;
    dNewW1 += size1;
    dNewW2 += size2;
    dRead += <usize>queries * outRow;
    eta += (<usize>chunk) << 2;
    gates += gatesBytes(chunk);
    tokens += tokensBytes(chunk, queries, width);
    sums += allSumsBytes(chunk, queries, width);
  }
}
