import { chunkGradient, solveChunk } from '../model/chunkWrite.ts';
import type { FastState } from '../model/fastState.ts';
import { type MemoryWeights, readMemory } from '../model/memoryMlp.ts';
import { type Generated, type Memories, type MemoryName, PROJECTIONS } from '../model/selfModifyingTitans.ts';
import type { WriteParts } from '../protocol/spectrum.ts';
import { tf } from '../tensor/tf.ts';

/** What one write of a memory adds up from: ΔW = decay + erase + write. Norms are those of all heads together. */
export interface MemoryParts {
  readonly decay: MemoryWeights;
  /** W1 has none: its input is not the key. */
  readonly erase: { readonly w2: tf.Tensor3D };
  readonly write: MemoryWeights;
  /** Mean over heads of log A_C, the retention of the whole chunk. */
  readonly logRetention: tf.Scalar;
}

/**
 * The parts of a chunk's write (Eq. 88, 90). With W_t = α_t W_{t−1} − η_t W_{t−1} k_t k_tᵀ − η_t ∇ℓ_t and
 * A_t = Π_{s≤t} α_s,
 *
 *   W_C − W_0 = (A_C − 1) W_0 − Σ_t (A_C / A_t) η_t W_{t−1} k_t k_tᵀ − Σ_t (A_C / A_t) η_t ∇ℓ_t.
 *
 * `solveChunk` gives u_t = η_t (W_{t−1} k_t + δ_t), so the erased part is u_t − η_t δ_t.
 * @param rate multiplies every η
 */
export function memoryParts(
  memories: Memories,
  name: MemoryName,
  { k, v, eta, logAlpha }: Generated,
  gradientCeiling: number,
  rate: number,
): MemoryParts {
  const weights = memories[name];
  const solver = solveChunk({ k, eta: tf.mul(eta, tf.scalar(rate)), logAlpha });
  const vHat = readMemory(weights, v).out;
  const { pre, hidden, error, delta } = chunkGradient(weights, k, vHat, gradientCeiling);
  const written = tf.mul<tf.Tensor3D>(solver.eta, delta);
  const u = tf.matMul(solver.inverse, tf.add(tf.mul(solver.eta, tf.mul(solver.before, pre)), written));
  const lost = tf.sub(solver.retention, tf.scalar(1));
  const kept = (x: tf.Tensor3D) => tf.mul<tf.Tensor3D>(tf.neg(solver.after), x);
  return {
    decay: { w1: tf.mul(lost, weights.w1), w2: tf.mul(lost, weights.w2) },
    erase: { w2: tf.matMul(kept(tf.sub(u, written)), k, true, false) },
    write: {
      w1: tf.matMul(kept(tf.mul(solver.eta, error)), hidden, true, false),
      w2: tf.matMul(kept(written), k, true, false),
    },
    logRetention: tf.mean(tf.sum(logAlpha, 1)),
  };
}

/**
 * Parts of the write that a level is due for in one block, from its open chunk: ‖·‖_F of each and of their sum.
 * @param rate the level's learning rate, a factor on η
 */
export function partsOfDueWrite(
  state: FastState,
  level: 'memory' | 'projections',
  block: number,
  rate: number,
): WriteParts['parts'] {
  const names: readonly MemoryName[] = level === 'memory' ? ['memory'] : PROJECTIONS;
  const { memories } = state.parameters().blocks[block];
  const chunk = state.open[block][level];
  const ceiling = state.base.config.titans.gradient_ceiling;
  return names.map(memory => {
    const [decay, erase, write, delta, logRetention] = tf.tidy(() =>
      measure(memoryParts(memories, memory, chunk, ceiling, rate)).dataSync(),
    );
    const halfLife = logRetention < 0 ? Math.log(0.5) / logRetention : Number.POSITIVE_INFINITY;
    return { memory, decay, erase, write, delta, halfLife };
  });
}

/** ‖·‖_F of decay, erase, write and their sum, and the logarithm of the retention. */
function measure({ decay, erase, write, logRetention }: MemoryParts): tf.Tensor {
  const norm = (...tensors: tf.Tensor[]) => tf.sqrt(tf.addN(tensors.map(x => tf.sum(tf.square(x)))));
  const delta = [tf.add(decay.w1, write.w1), tf.addN([decay.w2, erase.w2, write.w2])];
  const norms = [norm(decay.w1, decay.w2), norm(erase.w2), norm(write.w1, write.w2), norm(...delta)];
  return tf.stack([...norms, logRetention]);
}
