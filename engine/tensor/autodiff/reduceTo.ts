import { tf } from '../tf.ts';
import { internals } from './internals.ts';

/**
 * Sums `x` over the axes along which a tensor of `shape` was broadcast to it. A gradient of the right shape is passed
 * on itself, but not inside another tape, where the library expects a tensor of its own for every input.
 */
export function reduceTo(x: tf.Tensor, shape: number[]): tf.Tensor {
  const axes = tf.broadcast_util.getReductionAxes(shape, x.shape);
  if (axes.length > 0) x = tf.sum(x, axes);
  else if (internals.state.gradientDepth > 0) return tf.reshape(x, shape);
  return tf.util.arraysEqual(x.shape, shape) ? x : tf.reshape(x, shape);
}

/** Repeats `x` along its axes of size 1 (or missing at the front) to `shape`; differentiable. */
export function expandTo(x: tf.Tensor, shape: number[]): tf.Tensor {
  if (!tf.getKernel('HopeExpand', tf.getBackend())) return tf.mul(x, tf.ones(shape));
  return tf.engine().runKernel('HopeExpand', { x }, { shape }) as tf.Tensor;
}

tf.registerGradient({
  kernelName: 'HopeExpand',
  inputsToSave: ['x'],
  gradFunc: (dy, [x]) => ({ x: () => reduceTo(dy as tf.Tensor, x.shape) }),
});
