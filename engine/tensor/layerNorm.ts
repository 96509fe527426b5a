import { tf } from './tf.ts';

/** Layer norm over the last axis with biased variance. @param x [N, D] @param weight [D] @param bias [D] */
export function layerNorm(
  x: tf.Tensor2D,
  weight: tf.Tensor1D,
  bias: tf.Tensor1D,
  epsilon: number,
): tf.Tensor2D {
  if (!tf.getKernel('HopeLayerNorm', tf.getBackend())) return composed(x, weight, bias, epsilon);
  const [y] = tf.engine().runKernel('HopeLayerNorm', { x, weight, bias }, { epsilon }) as tf.Tensor2D[];
  return y;
}

function composed(x: tf.Tensor2D, weight: tf.Tensor1D, bias: tf.Tensor1D, epsilon: number): tf.Tensor2D {
  const centred = tf.sub(x, tf.mean(x, -1, true));
  const variance = tf.mean(tf.square(centred), -1, true);
  const scaled = tf.mul(centred, tf.rsqrt(tf.add(variance, tf.scalar(epsilon))));
  return tf.add(tf.mul(scaled, weight), bias);
}

tf.registerGradient({
  kernelName: 'HopeLayerNorm',
  inputsToSave: ['x', 'weight'],
  outputsToSave: [false, true],
  gradFunc: (dys, saved) => {
    const [x, weight, stats] = saved;
    const [dy] = dys as tf.Tensor[];
    return {
      x: () => tf.engine().runKernel('HopeLayerNormGrad', { x, weight, stats, dy }) as tf.Tensor,
      weight: () => tf.engine().runKernel('HopeLayerNormWeightGrad', { x, stats, dy }) as tf.Tensor,
      bias: () => tf.sum(dy, 0),
    };
  },
});
