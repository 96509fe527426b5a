import { afterOf, beforeOf, gatesBytes, overlapOf, ratioOf, retentionOf } from './chunkGates';
import { sumsAt, sumsBytes } from './chunkGradient';
import { gatesAt, tokensAt, tokensBytes } from './chunkWrite';
import { matMul } from './matMul';

function add(at: usize, value: f32): void {
  store<f32>(at, load<f32>(at) + value);
}

/** d log α from d N, d before, d after, d retention; dη is completed, and `sums` becomes d(k kᵀ) below the diagonal. */
function gatesGradient(sums: usize, gates: usize, eta: usize, dLogAlpha: usize, chunk: i32): void {
  const row = (<usize>chunk) << 2;
  const dAfter = sums + <usize>chunk * row;
  const dBefore = dAfter + row;
  const dEta = dBefore + row;
  const before = beforeOf(gates, chunk);
  const after = afterOf(gates, chunk);
  const last = dLogAlpha + row - 4;
  memory.fill(dLogAlpha, 0, row);
  // First d log A_t; every log α_s is part of the log A_t with t ≥ s.
  add(last, load<f32>(sums + <usize>chunk * row + 3 * row) * load<f32>(retentionOf(gates, chunk)));
  let minusDn = sums;
  let minusN = gates;
  let overlap = overlapOf(gates, chunk);
  let ratio = ratioOf(gates, chunk);
  for (let t: usize = 0; t < row; t += 4) {
    const rate = load<f32>(eta + t);
    let onRate: f32 = 0;
    let onLog: f32 = load<f32>(dBefore + t) * load<f32>(before + t);
    for (let s: usize = 0; s < row; s += 4) {
      if (s < t) {
        const d = -load<f32>(minusDn + s);
        const w = -d * load<f32>(minusN + s);
        onRate += d * load<f32>(overlap + s);
        onLog += w;
        add(dLogAlpha + s, -w);
        store<f32>(minusDn + s, d * rate * load<f32>(ratio + s));
      } else store<f32>(minusDn + s, 0);
    }
    add(dEta + t, onRate);
    if (t > 0) add(dLogAlpha + t - 4, onLog);
    const onAfter = load<f32>(dAfter + t) * load<f32>(after + t);
    add(last, onAfter);
    add(dLogAlpha + t, -onAfter);
    minusDn += row;
    minusN += row;
    overlap += row;
    ratio += row;
  }
  let total: f32 = 0;
  for (let t: i32 = chunk - 1; t >= 0; t--) {
    total += load<f32>(dLogAlpha + ((<usize>t) << 2));
    store<f32>(dLogAlpha + ((<usize>t) << 2), total);
  }
}

/** Gradients of keys, values, queries and gates from the sums of all memories, after the last `chunkGradient`. */
export function finishGradient(
  eta: usize,
  dk: usize,
  dv: usize,
  dq: usize,
  dEta: usize,
  dLogAlpha: usize,
  groups: i32,
  chunk: i32,
  queries: i32,
  width: i32,
  work: usize,
): void {
  const row = (<usize>chunk) << 2;
  const keys = <usize>width * row;
  const reads = (<usize>(queries * width)) << 2;
  let gates = gatesAt(work);
  let tokens = tokensAt(work, groups, chunk);
  let sums = sumsAt(work, groups, chunk, queries, width);
  for (; groups > 0; groups--) {
    gatesGradient(sums, gates, eta, dLogAlpha, chunk);
    memory.copy(dEta, sums + <usize>(chunk + 2) * row, row);
    const dTokens = sums + sumsBytes(chunk);
    matMul(sums, tokens, dTokens, chunk, width, chunk, false, false, work, true);
    matMul(sums, tokens, dTokens, chunk, width, chunk, true, false, work, true);
    memory.copy(dk, dTokens, keys);
    memory.copy(dv, dTokens + keys, keys);
    memory.copy(dq, dTokens + 2 * keys, reads);
    eta += row;
    dEta += row;
    dLogAlpha += row;
    dk += keys;
    dv += keys;
    dq += reads;
    gates += gatesBytes(chunk);
    tokens += tokensBytes(chunk, queries, width);
    sums = dTokens + tokensBytes(chunk, queries, width);
  }
}
