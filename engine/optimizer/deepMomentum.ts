import { gelu, geluDerivative } from '../tensor/gelu.ts';
import { tf } from '../tensor/tf.ts';
import type { LevelOptimizer, OptimizerMemories } from './levelOptimizer.ts';

/**
 * Deep momentum gradient descent (Eq. 50): θ ← θ + η m(u), m ← β m − c ∇ℓ(m; u), where m is an MLP in place of a
 * matrix of past errors. Rows u of the error are its keys, of norm 1, and its values: ℓ = Σ_rows ⟨m(û), u⟩, in which the
 * constant 1 of the printed example is the row itself. m(û) = W1 σ(û + W2 û), σ = exact GELU; the identity lets W1
 * learn while both are zero. Vectors have plain momentum.
 */
export function deepMomentum(values: {
  readonly beta: number;
  readonly memory_rate: number;
}): LevelOptimizer {
  const { beta, memory_rate } = values;
  return {
    memories(shape): Record<string, readonly number[]> {
      return shape.length === 2 ? { w1: [shape[1], shape[1]], w2: [shape[1], shape[1]] } : { m: shape };
    },
    step(theta, error, memories, rate): { theta: tf.Tensor; memories: OptimizerMemories } {
      const learned = (m: tf.Tensor, gradient: tf.Tensor) =>
        tf.sub(tf.mul(m, tf.scalar(beta)), tf.mul(gradient, tf.scalar(memory_rate)));
      if (memories.m) {
        const m = learned(memories.m, error);
        return { theta: tf.add(theta, tf.mul(m, tf.scalar(rate))), memories: { m } };
      }
      const [w1, w2] = [memories.w1, memories.w2] as tf.Tensor2D[];
      const rows = error as tf.Tensor2D;
      const { keys, pre, hidden } = read(w2, rows);
      const delta = tf.mul<tf.Tensor2D>(tf.matMul(rows, w1), geluDerivative(pre));
      const next1 = learned(w1, tf.matMul(rows, hidden, true, false)) as tf.Tensor2D;
      const next2 = learned(w2, tf.matMul(delta, keys, true, false)) as tf.Tensor2D;
      const answer = tf.matMul(read(next2, rows).hidden, next1, false, true);
      return { theta: tf.add(theta, tf.mul(answer, tf.scalar(rate))), memories: { w1: next1, w2: next2 } };
    },
    surprise: (_, error) => tf.clone(error),
  };
}

/** @param rows of the error, [O, D] */
function read(w2: tf.Tensor2D, rows: tf.Tensor2D) {
  const norms = tf.sqrt(tf.add(tf.sum(tf.square(rows), 1, true), tf.scalar(1e-12)));
  const keys = tf.div<tf.Tensor2D>(rows, norms);
  const pre = tf.add<tf.Tensor2D>(keys, tf.matMul(keys, w2, false, true));
  return { keys, pre, hidden: gelu(pre) };
}
