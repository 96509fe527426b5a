import { tf } from './tf.ts';

/**
 * Causal depthwise convolution in one kernel: x [B, T, D], weight [D, 1, K], tail [B, K − 1, D], `since` int32
 * [B × T], the number of tokens each one may look back. Returns the result and the next tail, or undefined where the
 * backend has no such kernel.
 */
export function fusedConvolution(
  x: tf.Tensor3D,
  weight: tf.Tensor3D,
  tail: tf.Tensor3D,
  since: Int32Array,
): { out: tf.Tensor3D; tail: tf.Tensor3D } | undefined {
  if (!tf.getKernel('HopeConvolution', tf.getBackend())) return undefined;
  const inputs = { x, weight, tail, since: tf.tensor1d(since, 'int32') };
  const [out, next] = tf.engine().runKernel('HopeConvolution', inputs) as tf.Tensor3D[];
  return { out, tail: next };
}

tf.registerGradient({
  kernelName: 'HopeConvolution',
  inputsToSave: ['x', 'weight', 'tail', 'since'],
  gradFunc: (dys, [x, weight, tail, since]) => {
    const [dOut, dTail] = dys as tf.Tensor[];
    let made: tf.Tensor[] | undefined;
    const part = (i: number) => () => {
      const inputs = { x, weight, tail, since, dOut, dTail };
      made ??= tf.engine().runKernel('HopeConvolutionGrad', inputs) as tf.Tensor[];
      return made[i];
    };
    return { x: part(0), weight: part(1), tail: part(2) };
  },
});
