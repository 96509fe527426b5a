import { tf } from '../tensor/tf.ts';
import type { ChunkGradient, ChunkSolver } from './chunkWrite.ts';
import type { MemoryWeights } from './memoryMlp.ts';

/**
 * Momentum of the inner rule (the term that Table 6 leaves out), in the form of Titans:
 *
 *   S_t = β S_{t−1} − η_t ∇ℓ_t,   M_t = M_{t−1} (α_t I − η_t k_t k_tᵀ) + S_t,
 *
 * with S carried from chunk to chunk. Both recurrences are linear, so a chunk of C tokens has coefficients of its own,
 * with R_ts = A_t / A_s for s ≤ t:
 *
 *   S_C = β^C S_0 − Σ_s β^(C−s) η_s ∇ℓ_s,   Σ_t R_Ct S_t = c_0 S_0 − Σ_s c_s η_s ∇ℓ_s.
 */
export interface MomentumSums {
  /** c_s = Σ_{t≥s} R_Ct β^(t−s), [G, C, 1] */
  readonly carried: tf.Tensor3D;
  /** c_0 = Σ_t R_Ct β^t, [G, 1, 1] */
  readonly carriedStart: tf.Tensor3D;
  /** Σ_{r≤s<t} R_(t−1)s β^(s−r) (k_r · k_t): what earlier gradients put in the way of key t, [G, C, C] */
  readonly cross: tf.Tensor3D;
  /** Σ_{s<t} R_(t−1)s β^s, [G, C, 1] */
  readonly beforeStart: tf.Tensor3D;
  /** β^(C−s), [1, C, 1] */
  readonly last: tf.Tensor3D;
  /** β^C */
  readonly lastStart: number;
}

/** @param logA log A_t, [G, C] @param lower ones at and below the diagonal, [C, C] */
export function sumMomentum(
  k: tf.Tensor3D,
  logA: tf.Tensor2D,
  lower: tf.Tensor2D,
  beta: number,
): MomentumSums {
  const [groups, chunk] = logA.shape;
  const difference = tf.sub(tf.reshape(logA, [groups, chunk, 1]), tf.reshape(logA, [groups, 1, chunk]));
  const ratio = tf.mul<tf.Tensor3D>(tf.exp(tf.minimum(difference, tf.scalar(0))), lower);
  const power = (row: number, column: number) => (column > row ? 0 : beta ** (row - column));
  const decay = Float32Array.from({ length: chunk * chunk }, (_, i) =>
    power(Math.floor(i / chunk), i % chunk),
  );
  const powers = Float32Array.from({ length: chunk }, (_, i) => beta ** (i + 1));
  const flat = tf.reshape<tf.Rank.R2>(ratio, [groups * chunk, chunk]);
  const sums = tf.reshape<tf.Rank.R3>(tf.matMul(flat, tf.tensor2d(decay, [chunk, chunk])), ratio.shape);
  const starts = tf.reshape<tf.Rank.R3>(tf.matMul(flat, tf.tensor2d(powers, [chunk, 1])), [groups, chunk, 1]);
  return {
    carried: tf.reshape(tf.slice(sums, [0, chunk - 1, 0], [groups, 1, chunk]), [groups, chunk, 1]),
    carriedStart: tf.slice(starts, [0, chunk - 1, 0], [groups, 1, 1]),
    cross: tf.mul(tf.matMul(k, k, false, true), oneLater(sums)),
    beforeStart: oneLater(starts),
    last: tf.tensor3d(
      Float32Array.from({ length: chunk }, (_, i) => beta ** (chunk - 1 - i)),
      [1, chunk, 1],
    ),
    lastStart: beta ** chunk,
  };
}

/** Every row one token later, a row of zeros first. @param x [G, C, N] */
function oneLater(x: tf.Tensor3D): tf.Tensor3D {
  const [groups, chunk, columns] = x.shape;
  const zeros = tf.zeros<tf.Rank.R3>([groups, 1, columns]);
  return chunk === 1 ? zeros : tf.concat([zeros, tf.slice(x, [0, 0, 0], [groups, chunk - 1, columns])], 1);
}

/**
 * What a chunk takes off the decayed weights, and the momentum after it. The right factor sees W_{t−1} k_t, in which
 * the momentum of earlier tokens is.
 * @param start S_0 @returns besides, what the right factor took off W2 and W_s, Σ_t (A_C / A_t) η_t W_{t−1} k_t k_tᵀ
 */
export function writeWithMomentum(
  { k, eta, erasing, before, after, inverse, momentum }: ChunkSolver,
  { pre, hidden, skipped, error, delta }: Omit<ChunkGradient, 'surprise'>,
  start: MemoryWeights,
): { subtracted: MemoryWeights; after: MemoryWeights; erased?: tf.Tensor3D; erasedSkip?: tf.Tensor3D } {
  const { carried, carriedStart, cross, beforeStart, last, lastStart } = momentum!;
  /** Σ_s f_s x_s y_sᵀ */
  const outer = (factor: tf.Tensor3D, x: tf.Tensor3D, y: tf.Tensor3D) =>
    tf.matMul<tf.Tensor3D>(tf.mul(factor, x), y, true, false);
  const fromStart = (s: tf.Tensor3D, taken: tf.Tensor3D) =>
    tf.sub<tf.Tensor3D>(taken, tf.mul(carriedStart, s));
  const carryOn = (s: tf.Tensor3D, taken: tf.Tensor3D) =>
    tf.sub<tf.Tensor3D>(tf.mul(s, tf.scalar(lastStart)), taken);
  /** A matrix whose input is the key. @param read what it answered @param of its gradient's factor */
  const underKey = (read: tf.Tensor3D, of: tf.Tensor3D, s: tf.Tensor3D) => {
    const written = tf.mul<tf.Tensor3D>(eta, of);
    const taken = outer(carried, written, k);
    const next = carryOn(s, outer(last, written, k));
    if (!inverse) return { taken: fromStart(s, taken), next };
    const begun = tf.mul(beforeStart, tf.matMul(k, s, false, true));
    const seen = tf.sub(tf.add(tf.mul(before, read), begun), tf.matMul(cross, written));
    const erased = outer(after, tf.matMul(inverse, tf.mul<tf.Tensor3D>(erasing, seen)), k);
    return { taken: fromStart(s, tf.add(taken, erased)), next, erased };
  };
  const second = underKey(pre, delta, start.w2);
  const skip = skipped && start.skip && underKey(skipped, error, start.skip);
  const slow = tf.mul<tf.Tensor3D>(eta, error);
  const first = hidden && start.w1;
  return {
    subtracted: {
      ...(first && { w1: fromStart(first, outer(carried, slow, hidden)) }),
      w2: second.taken,
      ...(skip && { skip: skip.taken }),
    },
    after: {
      ...(first && { w1: carryOn(first, outer(last, slow, hidden)) }),
      w2: second.next,
      ...(skip && { skip: skip.next }),
    },
    erased: second.erased,
    erasedSkip: skip?.erased,
  };
}
