import type { ContinuumInputs } from './continuum.ts';
import { tf } from './tf.ts';

const epsilon = 1e-5;

/** Room for ∇_y L at several places of a backward pass: `taps` [places, N, D] and this place's index. */
export interface Tap {
  readonly taps: tf.Tensor3D;
  readonly place: number;
}

/** Whether the backend can add gradients of continuum levels to open sums as it goes back. */
export function hasContinuumSum(): boolean {
  return tf.getKernel('HopeContinuumSum', tf.getBackend()) !== undefined;
}

/**
 * A continuum level as `fusedContinuum`, differentiable with respect to x alone: its backward pass adds the gradients
 * of the weights to `sums` in place, and writes ∇_y L to the tap if there is one. Nothing else may share the memory
 * of `sums`; see `owned`. @param x [N, D] @returns [N, D]
 */
export function continuumIntoSums(
  x: tf.Tensor2D,
  weights: ContinuumInputs,
  sums: ContinuumInputs,
  tap?: Tap,
): tf.Tensor2D {
  const inputs = [x, ...inOrder(weights), ...inOrder(sums), ...(tap ? [tap.taps] : [])];
  const attributes = { epsilon, place: tap?.place ?? 0 };
  const [out] = tf.engine().runKernel('HopeContinuumSum', inputs as never, attributes) as tf.Tensor2D[];
  return out;
}

/** x unchanged; its backward pass writes ∇_x L to the tap. Only where `hasContinuumSum`. @param x [N, D] */
export function tapped(x: tf.Tensor2D, { taps, place }: Tap): tf.Tensor2D {
  return tf.engine().runKernel('HopeTap', { x, taps }, { place }) as tf.Tensor2D;
}

/** The tensor itself if nothing shares its memory, else a copy in its place, which may be written to. */
export function owned<T extends tf.Tensor>(tensor: T): T {
  if (tf.backend().refCount(tensor.dataId) === 1) return tensor;
  const copy = tf.tidy(() => tf.keep(tf.mul(tensor, tf.scalar(1))));
  tensor.dispose();
  return copy as T;
}

function inOrder({ weight, bias, expand, expandBias, contract, contractBias }: ContinuumInputs): tf.Tensor[] {
  return [weight, bias, expand, expandBias, contract, contractBias];
}

tf.registerGradient({
  kernelName: 'HopeContinuumSum',
  saveAllInputs: true,
  outputsToSave: [false, true, true, true],
  gradFunc: (dys, saved, attributes) => ({
    0: () => {
      const inputs = saved.slice(0, -3);
      const statistics = saved.slice(-3);
      const all = [(dys as tf.Tensor[])[0], ...statistics, ...inputs];
      return tf.engine().runKernel('HopeContinuumSumGrad', all as never, attributes) as tf.Tensor;
    },
  }),
});

tf.registerGradient({
  kernelName: 'HopeTap',
  inputsToSave: ['taps'],
  gradFunc: (dy, [taps], attributes) => ({
    x: () => tf.engine().runKernel('HopeTapGrad', [dy, taps] as never, attributes) as tf.Tensor,
  }),
});
