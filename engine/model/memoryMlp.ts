import { gelu } from '../tensor/gelu.ts';
import { fusedRead } from '../tensor/memoryRead.ts';
import { tf } from '../tensor/tf.ts';

/**
 * Weights of a memory M□(z) = z + W1 σ(W2 z) (Eq. 89, 91), σ = exact GELU, for G = batch × heads independent
 * copies. Gates (η, α) have O = 1 and no identity.
 */
export interface MemoryWeights {
  /** [G, O, D] */
  readonly w1: tf.Tensor3D;
  /** [G, D, D] */
  readonly w2: tf.Tensor3D;
}

/** One read of C tokens, with what the hand-written gradient needs again. */
export interface MemoryRead {
  /** W2 z, [G, C, D] */
  readonly pre: tf.Tensor3D;
  /** σ(W2 z), [G, C, D] */
  readonly hidden: tf.Tensor3D;
  /** M□(z), [G, C, O] */
  readonly out: tf.Tensor3D;
}

/** M□(z) alone, [G, C, O], in one kernel where the backend has it. @param z [G, C, D] */
export function recall(weights: MemoryWeights, z: tf.Tensor3D): tf.Tensor3D {
  return fusedRead(z, weights.w1, weights.w2) ?? readMemory(weights, z).out;
}

/** Reads z [G, C, D] through a memory; tokens are rows, so `W z` is `z Wᵀ`. */
export function readMemory({ w1, w2 }: MemoryWeights, z: tf.Tensor3D): MemoryRead {
  const pre = tf.matMul(z, w2, false, true) as tf.Tensor3D;
  const hidden = gelu(pre) as tf.Tensor3D;
  const mapped = tf.matMul(hidden, w1, false, true) as tf.Tensor3D;
  const out = w1.shape[1] === z.shape[2] ? tf.add<tf.Tensor3D>(z, mapped) : mapped;
  return { pre, hidden, out };
}
