import type { ChunkAttributes } from '../memoryChunk.ts';
import type { Handle } from './hostBackend.ts';
import type { Answer } from './memoryRead.ts';
import type { Operations } from './operations.ts';

/** What a chunk's tokens fix for every memory that they write, with A_t = Π_{s≤t} α_s. */
export interface Chunk {
  /** How many keys, values and queries there are. */
  readonly counts: readonly number[];
  readonly k: Handle;
  /** k, v and q as rows of one matrix, [G, 2C + Q, D], and the same over √2. */
  readonly rows: Handle;
  readonly scaledRows: Handle;
  /** ‖k_t‖/√2, [G, C, 1]; absent where nothing is scaled down */
  readonly keyNorms?: Handle;
  /** A_{t−1}, [G, C, 1] */
  readonly before: Handle;
  /** A_C, [G, 1, 1] */
  readonly retention: Handle;
  /** I + (A_{t−1}/A_s) η_s (k_t·k_s) for s < t, [G, C, C]; above the diagonal it means nothing. */
  readonly system: Handle;
  /** η_t and η_t k_t */
  readonly rate: Handle;
  readonly ratedKeys: Handle;
  /** k_t · η_s k_s and A_{t−1}/A_s, [G, C, C]; above the diagonal the latter may be infinite. */
  readonly overlap: Handle;
  readonly ratio: Handle;
  /** A_C/A_t and (A_C/A_t) η_t, [G, C, 1] */
  readonly after: Handle;
  readonly rates: Handle;
  /** √2 (A_C/A_t) η_t k_t, [G, C, D] */
  readonly keys: Handle;
}

export function prepare(
  op: Operations,
  inputs: readonly Handle[],
  { queries, ceiling }: ChunkAttributes,
): Chunk {
  const [k, v, eta, logAlpha] = inputs;
  const [groups, size] = k.shape;
  const tokens = queries ? [k, v, inputs[4]] : [k, v];
  const rows = op.concatenate(tokens, 1);
  const step = op.expand(logAlpha, 2);
  const logA = op.runningSums(step, 1);
  const logBefore = op.subtract(logA, step);
  const logEnd = op.part(logA, 1, size - 1, 1);
  const rate = op.expand(eta, 2);
  const after = op.exponential(op.subtract(logEnd, logA));
  const rates = op.multiply(rate, after);
  const ratio = op.exponential(op.subtract(logBefore, op.reshape(logA, [groups, 1, size])));
  const ratedKeys = op.multiply(k, rate);
  const overlap = op.product(k, ratedKeys, { b: true });
  return {
    counts: tokens.map(({ shape }) => shape[1]),
    k,
    rows,
    scaledRows: op.multiply(rows, Math.SQRT1_2),
    keyNorms: Number.isFinite(ceiling) ? op.multiply(op.rowNorms(k), Math.SQRT1_2) : undefined,
    before: op.exponential(logBefore),
    retention: op.exponential(logEnd),
    system: op.withUnitDiagonal(op.multiply(overlap, ratio)),
    ...{ rate, ratedKeys, overlap, ratio, after, rates },
    keys: op.multiply(k, op.multiply(rates, Math.SQRT2)),
  };
}

/** The write of one memory and what it was made of, in the terms of `Answer`. */
export interface Write {
  /** σ(W2 k)·√2, [G, C, H] */
  readonly h: Handle;
  /** d = M(k) − M(v), or −M(v)/2, [G, C, O] */
  readonly half: Handle;
  /** ∇_y ℓ = 2 d, [G, C, O] */
  readonly surprise: Handle;
  /** W1ᵀ d, [G, C, H] */
  readonly back: Handle;
  /** δ = (W1ᵀ d) · `steep`, [G, C, H] */
  readonly delta: Handle;
  /** Absent where nothing is scaled down. */
  readonly norms?: Norms;
  /** c/√2, c = min(1, ceiling / ‖∇ℓ_t‖), [G, C, 1] */
  readonly scale: Handle | number;
  /** (A_C/A_t) η_t c/√2, [G, C, 1] */
  readonly gate: Handle;
  /** `gate` · ∇_y ℓ, [G, C, O] */
  readonly push: Handle;
  /** w of system · w = A_{t−1} s + c δ/√2, which is u/(√2 η), [G, C, H] */
  readonly solution: Handle;
  /** Reads of the queries, [G, Q, O] */
  readonly read?: Handle;
}

/** ‖d‖, ‖h‖, ‖δ‖ and ‖∇ℓ_t‖/√2 a token, [G, C, 1]; ∇ℓ_t = (2 d (h/√2)ᵀ, δ kᵀ). */
interface Norms {
  readonly half: Handle;
  readonly h: Handle;
  readonly delta: Handle;
  readonly length: Handle;
}

/**
 * What a chunk writes to a memory: W1 loses Σ push hᵀ, W2 loses Σ w keysᵀ.
 * @param all rows of the chunk, read @param s of the keys @param steep of the keys
 */
export function writeOf(
  op: Operations,
  { counts, keyNorms, before, system, rates }: Chunk,
  w1: Handle,
  { all, s, steep }: { all: Answer; s: Handle; steep: Handle },
  { dotProduct, ceiling }: ChunkAttributes,
): Write {
  const h = op.part(all.h, 1, 0, counts[0]);
  const [got, wanted, read] = op.split(all.out, 1, counts);
  const half = dotProduct ? op.multiply(wanted, -0.5) : op.subtract(got, wanted);
  const surprise = op.multiply(half, 2);
  const back = op.product(half, w1);
  const delta = op.multiply(back, steep);
  const norms = keyNorms && normsOf(op, keyNorms, half, h, delta);
  const scale = norms
    ? op.divide(ceiling / 2, op.maximum(norms.length, ceiling * Math.SQRT1_2))
    : Math.SQRT1_2;
  const pull = op.add(op.multiply(before, s), op.multiply(delta, scale));
  const gate = op.multiply(rates, scale);
  const push = op.multiply(surprise, gate);
  const solution = op.solveLower(system, pull);
  return { h, half, surprise, back, delta, norms, scale, gate, push, solution, read };
}

function normsOf(op: Operations, keyNorms: Handle, half: Handle, h: Handle, delta: Handle): Norms {
  const norms = { half: op.rowNorms(half), h: op.rowNorms(h), delta: op.rowNorms(delta) };
  const parts = [op.multiply(norms.half, norms.h), op.multiply(norms.delta, keyNorms)];
  return { ...norms, length: op.rowNorms(op.concatenate(parts, 2)) };
}
