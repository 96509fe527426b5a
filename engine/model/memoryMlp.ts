import { gelu } from '../tensor/gelu.ts';
import { fusedRead } from '../tensor/memoryRead.ts';
import { tf } from '../tensor/tf.ts';

/**
 * Weights of a memory for G = batch × heads independent copies: M□(z) = z + W1 σ(W2 z) (Eq. 89, 91), σ = exact GELU,
 * where gates (η, α) have O = 1 and no identity; or M□(z) = W2 z where there is no W1.
 */
export interface MemoryWeights {
  /** [G, O, D] */
  readonly w1?: tf.Tensor3D;
  /** [G, D, D], or [G, O, D] of a linear memory */
  readonly w2: tf.Tensor3D;
  /** Of a gate that besides reads its input as it is, + W_s z, [G, O, D]. */
  readonly skip?: tf.Tensor3D;
}

/** The tensors that a memory can have. */
export const MEMORY_PARTS = ['w1', 'w2', 'skip'] as const;
export type MemoryPart = (typeof MEMORY_PARTS)[number];

/** One read of C tokens, with what the hand-written gradient needs again. */
export interface MemoryRead {
  /** W2 z, [G, C, D] */
  readonly pre: tf.Tensor3D;
  /** σ(W2 z), [G, C, D]; a linear memory has none */
  readonly hidden?: tf.Tensor3D;
  /** W_s z, [G, C, O] */
  readonly skipped?: tf.Tensor3D;
  /** M□(z), [G, C, O] */
  readonly out: tf.Tensor3D;
}

/** M□(z) alone, [G, C, O], in one kernel where the backend has it. @param z [G, C, D] */
export function recall(weights: MemoryWeights, z: tf.Tensor3D): tf.Tensor3D {
  const { w1, w2, skip } = weights;
  return (w1 && !skip && fusedRead(z, w1, w2)) || readMemory(weights, z).out;
}

/** Reads z [G, C, D] through a memory; tokens are rows, so `W z` is `z Wᵀ`. */
export function readMemory({ w1, w2, skip }: MemoryWeights, z: tf.Tensor3D): MemoryRead {
  const pre = tf.matMul(z, w2, false, true) as tf.Tensor3D;
  if (!w1) return { pre, out: pre };
  const hidden = gelu(pre) as tf.Tensor3D;
  const mapped = tf.matMul(hidden, w1, false, true) as tf.Tensor3D;
  const out = w1.shape[1] === z.shape[2] ? tf.add<tf.Tensor3D>(z, mapped) : mapped;
  if (!skip) return { pre, hidden, out };
  const skipped = tf.matMul<tf.Tensor3D>(z, skip, false, true);
  return { pre, hidden, skipped, out: tf.add(out, skipped) };
}

/** The same memory with every tensor replaced. */
export function mapMemory(
  memory: MemoryWeights,
  map: (tensor: tf.Tensor3D, part: MemoryPart) => tf.Tensor3D,
): MemoryWeights {
  const parts = partsOf(memory).map(part => [part, map(memory[part]!, part)] as const);
  return Object.fromEntries(parts) as unknown as MemoryWeights;
}

/** Names of the tensors that a memory has. */
export function partsOf(memory: MemoryWeights): readonly MemoryPart[] {
  return MEMORY_PARTS.filter(part => memory[part]);
}
