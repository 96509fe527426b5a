import { CONTEXT } from '../model/optimizerMemory.ts';
import { tf } from '../tensor/tf.ts';
import type { LevelOptimizer } from './levelOptimizer.ts';

/** A level that read nothing but zeros has no direction. */
const TINY = 1e-8;

/**
 * The momentum that the public PyTorch re-implementation updates levels by (`deep_momentum` in its variant
 * `nl_l2_precond`): m ← β m + (1 − β) P g, θ ← θ − η m, where P = I − ĉ ĉᵀ takes from every row of the error what lies
 * along the mean c of what the level read in the chunk. Tensors whose rows are not as long as c keep their error whole.
 * It is no delta gradient descent: that multiplies the weights, not the error. The memory minimises ½‖m − P g‖².
 */
export function projectedMomentum({ beta }: { readonly beta: number }): LevelOptimizer {
  return {
    memories(shape, width): Record<string, readonly number[]> {
      const reads = width !== undefined && shape.at(-1) === width;
      return { m: shape, ...(reads && { [CONTEXT]: [width] }) };
    },
    step(theta, error, memories, rate) {
      const learned = tf.mul(across(error, memories[CONTEXT]), tf.scalar(1 - beta));
      const m = tf.add(tf.mul(memories.m, tf.scalar(beta)), learned);
      return { theta: tf.sub(theta, tf.mul(m, tf.scalar(rate))), memories: { m } };
    },
    surprise(memory, error, memories) {
      return memory === 'm' ? tf.sub(memories.m, across(error, memories[CONTEXT])) : undefined;
    },
  };
}

/** What of each row lies across `context`, of any length but zero. @param error […, D] @param context [D] */
function across(error: tf.Tensor, context: tf.Tensor | undefined): tf.Tensor {
  if (!context) return error;
  const direction = tf.div(context, tf.add(tf.norm(context), tf.scalar(TINY)));
  const along = tf.sum(tf.mul(error, direction), -1, true);
  return tf.sub(error, tf.mul(along, direction));
}
