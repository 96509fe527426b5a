import { tf } from '../tensor/tf.ts';
import type { LevelOptimizer } from './levelOptimizer.ts';

/**
 * Delta momentum (Eq. 48, 49): m ← m (β I − η′ gᵀ g) − η g, θ ← θ + m. A direction that the error keeps pointing in is
 * first erased from the memory, so that it does not grow without end. The erase term has the learning rate that print
 * leaves out, as η′ = η / (1 + η ‖g‖²), with which it contracts whatever the size of the error. A vector is a row.
 */
export function deltaMomentum({ beta }: { readonly beta: number }): LevelOptimizer {
  return {
    memories: shape => ({ m: shape }),
    step(theta, error, memories, rate) {
      const squared = tf.sum(tf.square(error));
      const eta = tf.div(tf.scalar(rate), tf.add(tf.scalar(1), tf.mul(squared, tf.scalar(rate))));
      const kept = tf.sub(tf.mul(memories.m, tf.scalar(beta)), tf.mul(along(memories.m, error), eta));
      const m = tf.sub(kept, tf.mul(error, tf.scalar(rate)));
      return { theta: tf.add(theta, m), memories: { m } };
    },
    // ½‖m gᵀ + 1‖²: what it answers to the error, erased, and the error, written.
    surprise: (_, error, { m }) => tf.add(along(m, error), error),
  };
}

/** m gᵀ g */
function along(m: tf.Tensor, g: tf.Tensor): tf.Tensor {
  const columns = g.shape.at(-1)!;
  const [rows, error] = [m, g].map(x => tf.reshape<tf.Rank.R2>(x, [x.size / columns, columns]));
  return tf.reshape(tf.matMul(tf.matMul(rows, error, false, true), error), g.shape);
}
