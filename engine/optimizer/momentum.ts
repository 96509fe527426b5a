import { tf } from '../tensor/tf.ts';
import type { LevelOptimizer } from './levelOptimizer.ts';

/**
 * Momentum (Eq. 33, 34): m ← β m − η g, θ ← θ + m. The memory minimises ⟨m x̂, δ⟩, whose gradient is the error itself,
 * so it is as surprised by what it knows as by what it does not.
 */
export function momentum({ beta }: { readonly beta: number }): LevelOptimizer {
  return {
    memories: shape => ({ m: shape }),
    step(theta, error, memories, rate) {
      const m = tf.sub(tf.mul(memories.m, tf.scalar(beta)), tf.mul(error, tf.scalar(rate)));
      return { theta: tf.add(theta, m), memories: { m } };
    },
    surprise: (_, error) => tf.clone(error),
  };
}
