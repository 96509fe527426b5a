import type { Objective } from '../checkpoint/titansConfig.ts';
import { geluDerivative } from '../tensor/gelu.ts';
import { tf } from '../tensor/tf.ts';
import { writesBack } from './heads.ts';
import { type MemoryWeights, mapMemory, readMemory } from './memoryMlp.ts';
import { type MomentumSums, sumMomentum, writeWithMomentum } from './momentum.ts';
import { unipotentInverse } from './unipotentInverse.ts';

/**
 * The write of one chunk of C tokens, delta gradient descent with weight decay (Eq. 88, chunk-wise Eq. 90):
 *
 *   M_t = M_{t−1} (α_t I − η_t k_t k_tᵀ) − η_t ∇‖M_ξ(k_t) − v̂_t‖²,   ξ = state at the start of the chunk.
 *
 * On the two-layer memory the right factor acts on W2, whose input is k; W1 decays by α alone. The recurrence is
 * linear, so it is solved for the whole chunk at once: with A_t = Π_{s≤t} α_s and W2_t = α_t W2_{t−1} − u_t k_tᵀ,
 *
 *   u_t + η_t Σ_{s<t} (A_{t−1} / A_s) (k_s · k_t) u_s = η_t (A_{t−1} W2_ξ k_t + δ_t),
 *
 * a unit lower triangular system. Everything is an ordinary forward expression: an outer gradient flows through.
 * A linear memory is W2 alone. With momentum S_t = β S_{t−1} − η_t ∇ℓ_t stands in place of −η_t ∇ℓ_t
 * (`momentum.ts`).
 */
export interface ChunkGates {
  /** Keys, [G, C, D]. */
  readonly k: tf.Tensor3D;
  /** Inner learning rates, [G, C]. */
  readonly eta: tf.Tensor2D;
  /** Logarithms of the retention gates, [G, C]. */
  readonly logAlpha: tf.Tensor2D;
}

/** What a chunk's keys and gates fix for every memory that is written with them. */
export interface ChunkSolver {
  readonly k: tf.Tensor3D;
  /** η_t, [G, C, 1] */
  readonly eta: tf.Tensor3D;
  /** η_t of the erase term, 0 in a head that only sums up, [G, C, 1] */
  readonly erasing: tf.Tensor3D;
  /** A_C, [G, 1, 1] */
  readonly retention: tf.Tensor3D;
  /** A_{t−1}, [G, C, 1] */
  readonly before: tf.Tensor3D;
  /** A_C / A_t, [G, C, 1] */
  readonly after: tf.Tensor3D;
  /** (I + N)⁻¹ of the triangular system, [G, C, C]; absent where nothing is erased along a key */
  readonly inverse?: tf.Tensor3D;
  readonly momentum?: MomentumSums;
}

export interface SolverOptions {
  /** Whether the right factor has −η k kᵀ; true by default. */
  readonly erase?: boolean;
  /** β, 0 by default. */
  readonly momentum?: number;
  /** Which heads only sum up, one a head; none by default. */
  readonly sums?: readonly boolean[];
}

export function solveChunk(
  { k, eta, logAlpha }: ChunkGates,
  { erase = true, momentum = 0, sums }: SolverOptions = {},
): ChunkSolver {
  const [groups, chunk] = k.shape;
  const column = (x: tf.Tensor) => tf.reshape<tf.Rank.R3>(x, [groups, chunk, 1]);
  const lower = tf.tensor2d(triangle(chunk, true), [chunk, chunk]);
  const strict = tf.tensor2d(triangle(chunk, false), [chunk, chunk]);
  const logA = tf.matMul(logAlpha, lower, false, true);
  const logBefore = tf.sub<tf.Tensor2D>(logA, logAlpha);
  const logEnd = tf.slice(logA, [0, chunk - 1], [groups, 1]);
  const rates = column(eta);
  const erasing = sums ? tf.mul<tf.Tensor3D>(rates, writesBack(sums, groups)) : rates;
  const solver = {
    k,
    eta: rates,
    erasing,
    retention: tf.reshape<tf.Rank.R3>(tf.exp(logEnd), [groups, 1, 1]),
    before: column(tf.exp(logBefore)),
    after: column(tf.exp(tf.sub(logEnd, logA))),
    momentum: momentum ? sumMomentum(k, logA as tf.Tensor2D, lower, momentum) : undefined,
  };
  if (!erase) return solver;
  // Above the diagonal the difference is positive and may overflow; those entries are masked out below.
  const ratio = tf.exp(
    tf.minimum(tf.sub(column(logBefore), tf.reshape(logA, [groups, 1, chunk])), tf.scalar(0)),
  );
  const overlap = tf.mul(tf.mul(tf.matMul(k, k, false, true), ratio), strict);
  const minusN = tf.neg(tf.mul<tf.Tensor3D>(overlap, erasing));
  return { ...solver, inverse: unipotentInverse(minusN, chunk) };
}

/** A chunk's write and what it was made of. */
export interface ChunkWrite {
  readonly weights: MemoryWeights;
  /** What was subtracted from the decayed weights: erase and write together. */
  readonly subtracted?: MemoryWeights;
  /** ∇_y ℓ of the inner loss before it is scaled down, the memory's local surprise signal, [G, C, O]. */
  readonly surprise: tf.Tensor3D;
  /** M_ξ(q) of the queries that were given, [G, Q, O]. */
  readonly read?: tf.Tensor3D;
  /** S at the end of the chunk, where writes have momentum. */
  readonly momentum?: MemoryWeights;
}

/**
 * The weights after a chunk. v̂ [G, C, O] is a constant of the inner gradient (Eq. 93). A token whose gradient on
 * (W1, W2) is longer than the ceiling has it scaled down, without which a repeated key can make a two-layer memory
 * diverge: stale gradients add up over the chunk. The given weights are not disposed. This is the expression that
 * the fused kernel computes (`../tensor/memoryChunk.ts`), for backends without it and to test it against.
 */
export function writeChunk(
  weights: MemoryWeights,
  solver: ChunkSolver,
  vHat: tf.Tensor3D,
  gradientCeiling = Number.POSITIVE_INFINITY,
  objective: Objective = 'l2',
  momentum?: MemoryWeights,
  sums?: readonly boolean[],
): ChunkWrite & { readonly subtracted: MemoryWeights } {
  const { k, eta, erasing, retention, before, after, inverse } = solver;
  const gradient = chunkGradient(weights, k, vHat, gradientCeiling, objective, sums);
  const { pre, hidden, skipped, error, delta, surprise } = gradient;
  if (solver.momentum) {
    const { subtracted, after: carried } = writeWithMomentum(solver, gradient, momentum!);
    return { ...subtract(weights, retention, subtracted), surprise, momentum: carried };
  }
  /** What comes off a matrix whose input is the key. @param read what it answered @param of its gradient's factor */
  const underKey = (read: tf.Tensor3D, of: tf.Tensor3D) => {
    const u = inverse
      ? tf.matMul(inverse, tf.add<tf.Tensor3D>(tf.mul(tf.mul(erasing, before), read), tf.mul(eta, of)))
      : tf.mul<tf.Tensor3D>(eta, of);
    return tf.matMul<tf.Tensor3D>(tf.mul(after, u), k, true, false);
  };
  const subtracted: MemoryWeights = {
    ...(hidden && {
      w1: tf.matMul<tf.Tensor3D>(tf.mul(tf.mul(after, eta), error), hidden, true, false),
    }),
    w2: underKey(pre, delta),
    ...(skipped && { skip: underKey(skipped, error) }),
  };
  return { ...subtract(weights, retention, subtracted), surprise };
}

/** A_C W − what is subtracted. */
function subtract(weights: MemoryWeights, retention: tf.Tensor3D, subtracted: MemoryWeights) {
  const written = mapMemory(weights, (w, part) =>
    tf.sub<tf.Tensor3D>(tf.mul(retention, w), subtracted[part]!),
  );
  return { weights: written, subtracted };
}

/** The inner gradient of a chunk's tokens, ∇ℓ_t = (e hᵀ, δ kᵀ), at the weights of its start. */
export interface ChunkGradient {
  /** W2 k, [G, C, D] */
  readonly pre: tf.Tensor3D;
  /** h = σ(W2 k), [G, C, D]; a linear memory has none */
  readonly hidden?: tf.Tensor3D;
  /** W_s k, [G, C, O] */
  readonly skipped?: tf.Tensor3D;
  /** e, ∇_y ℓ scaled down to the ceiling, [G, C, O] */
  readonly error: tf.Tensor3D;
  /** δ = (W1ᵀ e) σ′(W2 k), [G, C, D]; e itself of a linear memory */
  readonly delta: tf.Tensor3D;
  /** ∇_y ℓ, [G, C, O] */
  readonly surprise: tf.Tensor3D;
}

export function chunkGradient(
  weights: MemoryWeights,
  k: tf.Tensor3D,
  vHat: tf.Tensor3D,
  gradientCeiling: number,
  objective: Objective = 'l2',
  sums?: readonly boolean[],
): ChunkGradient {
  const { pre, hidden, skipped, out } = readMemory(weights, k);
  const surprise = outputGradient(out, vHat, objective, sums);
  const delta =
    weights.w1 && hidden
      ? tf.mul<tf.Tensor3D>(tf.matMul(surprise, weights.w1), geluDerivative(pre))
      : surprise;
  if (!Number.isFinite(gradientCeiling)) return { pre, hidden, skipped, error: surprise, delta, surprise };
  const scale = clipScale(surprise, hidden, delta, k, gradientCeiling, skipped !== undefined);
  return { pre, hidden, skipped, error: tf.mul(surprise, scale), delta: tf.mul(delta, scale), surprise };
}

/** ∇_y ℓ of y = M(k), [G, C, O]. */
function outputGradient(
  out: tf.Tensor3D,
  vHat: tf.Tensor3D,
  objective: Objective,
  sums?: readonly boolean[],
): tf.Tensor3D {
  if (objective === 'dot-product') return tf.neg<tf.Tensor3D>(vHat);
  if (sums) {
    const writes = writesBack(sums, out.shape[0]);
    const apart = tf.mul(outputGradient(out, vHat, objective), writes);
    return tf.sub<tf.Tensor3D>(apart, tf.mul(vHat, tf.sub(tf.scalar(1), writes)));
  }
  const error = tf.sub<tf.Tensor3D>(out, vHat);
  return objective === 'l2' ? tf.mul<tf.Tensor3D>(error, tf.scalar(2)) : error;
}

/** min(1, ceiling / ‖∇ℓ_t‖) a token, [G, C, 1]; ∇ℓ_t = (e hᵀ, δ kᵀ), and e kᵀ where there is a skip. */
function clipScale(
  error: tf.Tensor3D,
  hidden: tf.Tensor3D | undefined,
  delta: tf.Tensor3D,
  k: tf.Tensor3D,
  ceiling: number,
  skips: boolean,
): tf.Tensor3D {
  const squared = (x: tf.Tensor3D) => tf.sum(tf.square(x), 2, true);
  const second = tf.mul(squared(delta), squared(k));
  const inner = skips ? tf.add(second, tf.mul(squared(error), squared(k))) : second;
  const gradient = hidden ? tf.add(tf.mul(squared(error), squared(hidden)), inner) : inner;
  return tf.minimum(tf.mul(tf.rsqrt(tf.add(gradient, tf.scalar(1e-12))), tf.scalar(ceiling)), tf.scalar(1));
}

function triangle(size: number, diagonal: boolean): Float32Array {
  return Float32Array.from({ length: size * size }, (_, i) => {
    const row = Math.floor(i / size);
    const column = i % size;
    return column < row || (diagonal && column === row) ? 1 : 0;
  });
}
