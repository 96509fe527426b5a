import { chunkGradient, solveChunk } from '../model/chunkWrite.ts';
import type { FastState } from '../model/fastState.ts';
import { titansOptions } from '../model/languageModel.ts';
import { type MemoryWeights, mapMemory } from '../model/memoryMlp.ts';
import { taughtWith, type WriteOptions } from '../model/memoryWrites.ts';
import { writeWithMomentum } from '../model/momentum.ts';
import {
  type Generated,
  type Memories,
  type MemoryName,
  projectionsOf,
} from '../model/selfModifyingTitans.ts';
import type { WriteParts } from '../protocol/spectrum.ts';
import { tf } from '../tensor/tf.ts';
import { momentaOf } from '../train/levelWrites.ts';

/** What one write of a memory adds up from: ΔW = decay + erase + write. Norms are those of all heads together. */
export interface MemoryParts {
  readonly decay: MemoryWeights;
  /** W1 has none: its input is not the key. */
  readonly erase: { readonly w2: tf.Tensor3D; readonly skip?: tf.Tensor3D };
  /** With momentum, all that it brings: −η_t ∇ℓ_t of this chunk and what is carried of earlier ones. */
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
 * @param options how memories are written; `rate` multiplies every η
 */
export function memoryParts(
  memories: Memories,
  name: MemoryName,
  chunk: Generated,
  options: WriteOptions,
): MemoryParts {
  const { gradientCeiling, rate = 1, objective, momenta, momentum, erase = true, sums } = options;
  const weights = memories[name]!;
  const { key, vHat } = taughtWith(weights, name, chunk, options);
  const eta = tf.mul<tf.Tensor2D>(chunk.eta, tf.scalar(rate));
  const solver = solveChunk({ k: key, eta, logAlpha: chunk.logAlpha }, { erase, momentum, sums });
  const gradient = chunkGradient(weights, key, vHat, gradientCeiling, objective, sums);
  const lost = tf.sub(solver.retention, tf.scalar(1));
  const shared = {
    decay: mapMemory(weights, w => tf.mul(lost, w)),
    logRetention: tf.mean(tf.sum(chunk.logAlpha, 1)) as tf.Scalar,
  };
  const nothing = tf.zerosLike(weights.w2);
  if (solver.momentum) {
    const { subtracted, erased = nothing, erasedSkip } = writeWithMomentum(solver, gradient, momenta![name]!);
    const gone: MemoryWeights = { w2: erased, ...(erasedSkip && { skip: erasedSkip }) };
    const write = mapMemory(subtracted, (w, part) =>
      gone[part] ? tf.sub<tf.Tensor3D>(gone[part], w) : tf.neg<tf.Tensor3D>(w),
    );
    return { ...shared, erase: mapMemory(gone, w => tf.neg<tf.Tensor3D>(w)), write };
  }
  const { pre, hidden, skipped, error, delta } = gradient;
  const kept = (x: tf.Tensor3D) => tf.mul<tf.Tensor3D>(tf.neg(solver.after), x);
  /** Erase and write of a matrix whose input is the key. */
  const underKey = (read: tf.Tensor3D, of: tf.Tensor3D) => {
    const written = tf.mul<tf.Tensor3D>(solver.eta, of);
    const write = tf.matMul<tf.Tensor3D>(kept(written), key, true, false);
    if (!solver.inverse) return { write };
    const wanted = tf.add<tf.Tensor3D>(tf.mul(solver.erasing, tf.mul(solver.before, read)), written);
    const u = tf.matMul(solver.inverse, wanted);
    return { write, erase: tf.matMul<tf.Tensor3D>(kept(tf.sub(u, written)), key, true, false) };
  };
  const second = underKey(pre, delta);
  const skip = skipped && underKey(skipped, error);
  const w1 = hidden && tf.matMul<tf.Tensor3D>(kept(tf.mul(solver.eta, error)), hidden, true, false);
  return {
    ...shared,
    erase: { w2: second.erase ?? nothing, ...(skip?.erase && { skip: skip.erase }) },
    write: { ...(w1 && { w1 }), w2: second.write, ...(skip && { skip: skip.write }) },
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
  const memories = state.parameters().blocks[block].memories!;
  const names: readonly MemoryName[] = level === 'memory' ? ['memory'] : projectionsOf(memories);
  const chunk = state.open[block][level];
  return names.map(memory => {
    const [decay, erase, write, delta, logRetention] = tf.tidy(() => {
      const options = {
        ...titansOptions(state.base.config),
        rate,
        momenta: momentaOf(state, block, memories),
      };
      return measure(memoryParts(memories, memory, chunk, options)).dataSync();
    });
    const halfLife = logRetention < 0 ? Math.log(0.5) / logRetention : Number.POSITIVE_INFINITY;
    return { memory, decay, erase, write, delta, halfLife };
  });
}

/** ‖·‖_F of decay, erase, write and their sum, and the logarithm of the retention. */
function measure({ decay, erase, write, logRetention }: MemoryParts): tf.Tensor {
  const norm = (tensors: readonly tf.Tensor[]) => tf.sqrt(tf.addN(tensors.map(x => tf.sum(tf.square(x)))));
  const parts: readonly Partial<MemoryWeights>[] = [decay, erase, write];
  const delta = mapMemory(decay, (_, part) => tf.addN(parts.flatMap(each => each[part] ?? [])));
  const norms = [...parts, delta].map(each => norm(Object.values(each)));
  return tf.stack([...norms, logRetention]);
}
