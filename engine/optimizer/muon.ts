import { newtonSchulz } from '../tensor/newtonSchulz.ts';
import { tf } from '../tensor/tf.ts';
import type { LevelOptimizer } from './levelOptimizer.ts';

/** Hyperparameters of Muon (Jordan et al. 2024); the learning rate comes with each step. */
export interface MuonOptions {
  readonly momentum: number;
  /** Decoupled decay, multiplied by the learning rate. */
  readonly weightDecay: number;
}

const STEPS = { a: 3.4445, b: -4.775, c: 2.0315, iterations: 5 };
/** Root mean square of an AdamW update, to which Muon's is scaled so that one learning rate fits both. */
const UPDATE_SIZE = 0.2;

/** Whether a tensor is one matrix or several that an orthogonal update makes sense for. */
export function isMatrix(shape: readonly number[]): boolean {
  return shape.length > 1 && Math.min(...shape.slice(-2)) > 1;
}

/**
 * U Vᵀ of G = U S Vᵀ, about: five Newton–Schulz steps X ← a X + (b X Xᵀ + c (X Xᵀ)²) X from G/‖G‖, which bring
 * singular values near 1 (0.7 to 1.2), those below some hundredths of ‖G‖ less so. @param g [N, rows, columns]
 */
export function orthogonalised(g: tf.Tensor3D): tf.Tensor3D {
  return newtonSchulz(g, STEPS);
}

/**
 * One step of Muon with Nesterov momentum, in place on host memory; leading axes of `shape` count matrices that are
 * orthogonalised one by one: m ← μ m + (1 − μ) g, θ ← (1 − rate·decay) θ − rate·0.2·√max(rows, columns)·O with O the
 * orthogonalised (1 − μ) g + μ m.
 */
export function muonStep(
  weights: Float32Array,
  gradient: Float32Array,
  momentum: Float32Array,
  shape: readonly number[],
  rate: number,
  { momentum: mu, weightDecay }: MuonOptions,
): void {
  const [rows, columns] = shape.slice(-2);
  const ahead = new Float32Array(gradient.length);
  for (let i = 0; i < gradient.length; i++) {
    momentum[i] = mu * momentum[i] + (1 - mu) * gradient[i];
    ahead[i] = (1 - mu) * gradient[i] + mu * momentum[i];
  }
  const update = tf.tidy(() =>
    orthogonalised(tf.tensor3d(ahead, [ahead.length / (rows * columns), rows, columns])).dataSync(),
  );
  const keep = 1 - rate * weightDecay;
  const scale = rate * UPDATE_SIZE * Math.sqrt(Math.max(rows, columns));
  for (let i = 0; i < weights.length; i++) weights[i] = keep * weights[i] - scale * update[i];
}

/** The same as a level's optimizer: a momentum that is orthogonalised when it is read (Eq. 42–44); of vectors, as it is. */
export function muon(values: { readonly momentum: number; readonly weight_decay: number }): LevelOptimizer {
  const { momentum: mu, weight_decay } = values;
  const mixed = (m: tf.Tensor, g: tf.Tensor) =>
    tf.add(tf.mul(m, tf.scalar(mu)), tf.mul(g, tf.scalar(1 - mu)));
  return {
    memories: shape => ({ momentum: shape }),
    step(theta, error, memories, rate) {
      const momentum = mixed(memories.momentum, error);
      const ahead = mixed(momentum, error);
      if (!isMatrix(theta.shape)) {
        return { theta: tf.sub(theta, tf.mul(ahead, tf.scalar(rate))), memories: { momentum } };
      }
      const [rows, columns] = theta.shape.slice(-2);
      const many = tf.reshape<tf.Rank.R3>(ahead, [theta.size / (rows * columns), rows, columns]);
      const update = tf.reshape(orthogonalised(many), theta.shape);
      const scale = rate * UPDATE_SIZE * Math.sqrt(Math.max(rows, columns));
      const kept = tf.mul(theta, tf.scalar(1 - rate * weight_decay));
      return { theta: tf.sub(kept, tf.mul(update, tf.scalar(scale))), memories: { momentum } };
    },
    surprise: (_, error, { momentum }) => tf.sub(momentum, error),
  };
}
