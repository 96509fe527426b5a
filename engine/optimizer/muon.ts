import { newtonSchulz } from '../tensor/newtonSchulz.ts';
import { tf } from '../tensor/tf.ts';

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
