import { tf } from './tf.ts';

/** SiLU(x) = x/(1 + e⁻ˣ). `x` float32 of any shape. */
export function silu<T extends tf.Tensor>(x: T): T {
  if (tf.getKernel('HopeSilu', tf.getBackend())) return tf.engine().runKernel('HopeSilu', { x }) as T;
  return tf.mul(x, tf.sigmoid(x));
}

tf.registerGradient({
  kernelName: 'HopeSilu',
  inputsToSave: ['x'],
  gradFunc: (dy, [x]) => ({
    x: () => tf.mul(dy as tf.Tensor, tf.engine().runKernel('HopeSiluGrad', { x }) as tf.Tensor),
  }),
});
