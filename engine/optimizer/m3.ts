import { newtonSchulz } from '../tensor/newtonSchulz.ts';
import { tf } from '../tensor/tf.ts';
import type { LevelOptimizer } from './levelOptimizer.ts';
import { isMatrix } from './muon.ts';

/**
 * M3, multi-scale momentum with Muon (§7.2, Algorithm 1): a momentum of every error, one that takes in the errors of
 * the past f steps every f steps, and Adam's second moment, all without decay,
 *
 *   M1 ← M1 + β1 g,  V ← V + β2 g²,  every f steps M2 ← M2 + β3 Σ g,  θ ← θ − η (NS(M1) + α NS(M2)) / (√V + ε).
 *
 * Eq. 75 has another sign and another β for M2; the algorithm is followed. The window has f terms. NS is the cubic
 * Newton–Schulz step X ← ½ X (3 I − Xᵀ X), and vectors are not orthogonalised.
 */
export function m3(values: {
  readonly beta1: number;
  readonly beta2: number;
  readonly beta3: number;
  readonly alpha: number;
  readonly epsilon: number;
  /** Newton–Schulz steps. */
  readonly steps: number;
  /** f */
  readonly slow_period: number;
}): LevelOptimizer {
  const { beta1, beta2, beta3, alpha, epsilon, steps, slow_period } = values;
  const plus = (x: tf.Tensor, factor: number, y: tf.Tensor) => tf.add(x, tf.mul(y, tf.scalar(factor)));
  return {
    memories: shape => ({ m1: shape, m2: shape, v: shape, window: shape, count: [] }),
    step(theta, error, memories, rate) {
      // 1 where f steps have gone by since the last time, else 0, without a look at the count.
      const due = tf.cast(tf.greaterEqual(memories.count, tf.scalar(slow_period)), 'float32');
      const m2 = tf.add(memories.m2, tf.mul(tf.mul(memories.window, tf.scalar(beta3)), due));
      const window = tf.add(tf.mul(memories.window, tf.sub(tf.scalar(1), due)), error);
      const count = tf.add(tf.mul(memories.count, tf.sub(tf.scalar(1), due)), tf.scalar(1));
      const m1 = plus(memories.m1, beta1, error);
      const v = plus(memories.v, beta2, tf.square(error));
      const direction = plus(orthogonal(m1, steps), alpha, orthogonal(m2, steps));
      const change = tf.div(direction, tf.add(tf.sqrt(v), tf.scalar(epsilon)));
      return { theta: plus(theta, -rate, change), memories: { m1, m2, v, window, count } };
    },
    surprise(memory, error, { window }) {
      if (memory === 'count' || memory === 'window') return undefined;
      if (memory === 'm2') return tf.clone(window);
      return memory === 'v' ? tf.square(error) : tf.clone(error);
    },
  };
}

/** About U Vᵀ of M = U S Vᵀ. */
function orthogonal(m: tf.Tensor, iterations: number): tf.Tensor {
  if (!isMatrix(m.shape)) return m;
  const [rows, columns] = m.shape.slice(-2);
  const many = tf.reshape<tf.Rank.R3>(m, [m.size / (rows * columns), rows, columns]);
  return tf.reshape(newtonSchulz(many, { a: 1.5, b: -0.5, c: 0, iterations }), m.shape);
}
