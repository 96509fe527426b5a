import { tf } from './tf.ts';

/** Where a model names no other. */
const EPSILON = 1e-5;

/** Layer norm over the last axis with biased variance. @param x [N, D] @param weight, bias [D] */
export function layerNorm(
  x: tf.Tensor2D,
  weight: tf.Tensor1D,
  bias: tf.Tensor1D,
  epsilon = EPSILON,
): tf.Tensor2D {
  if (tf.getKernel('HopeLayerNorm', tf.getBackend())) {
    const [out] = tf.engine().runKernel('HopeLayerNorm', { x, weight, bias }, { epsilon }) as tf.Tensor2D[];
    return out;
  }
  const centred = tf.sub(x, tf.mean(x, -1, true));
  const variance = tf.mean(tf.square(centred), -1, true);
  const scaled = tf.mul(centred, tf.rsqrt(tf.add(variance, tf.scalar(epsilon))));
  return tf.add(tf.mul(scaled, weight), bias);
}

tf.registerGradient({
  kernelName: 'HopeLayerNorm',
  inputsToSave: ['x', 'weight'],
  outputsToSave: [false, true, true],
  gradFunc: (dys, [x, weight, means, scales]) => {
    const [dy] = dys as tf.Tensor[];
    let made: tf.Tensor[] | undefined;
    const part = (i: number) => () => {
      made ??= tf.engine().runKernel('HopeLayerNormGrad', { x, weight, means, scales, dy }) as tf.Tensor[];
      return made[i];
    };
    return { x: part(0), weight: part(1), bias: part(2) };
  },
});

/** x·weight/√(mean x² + ε) along the last axis. @param weight [D] */
export function rmsNorm<T extends tf.Tensor>(x: T, weight: tf.Tensor1D, epsilon = EPSILON): T {
  return normalize(x, weight, 1 / x.shape[x.rank - 1], epsilon);
}

/** x/‖x‖ along the last axis; a constant keeps the gradient finite at zero. */
export function l2Normalize<T extends tf.Tensor>(x: T): T {
  return normalize(x, undefined, 1, 1e-12);
}

/** x·weight/√(share·Σ x² + ε). */
function normalize<T extends tf.Tensor>(
  x: T,
  weight: tf.Tensor1D | undefined,
  share: number,
  floor: number,
): T {
  if (tf.getKernel('HopeRmsNorm', tf.getBackend())) {
    const inputs = weight ? [x, weight] : [x];
    return tf.engine().runKernel('HopeRmsNorm', inputs as never, { share, epsilon: floor }) as T;
  }
  const squared = tf.mul(tf.sum(tf.square(x), -1, true), tf.scalar(share));
  const normed = tf.mul(x, tf.rsqrt(tf.add(squared, tf.scalar(floor))));
  return (weight ? tf.mul(normed, weight) : normed) as T;
}

tf.registerGradient({
  kernelName: 'HopeRmsNorm',
  saveAllInputs: true,
  gradFunc: (dy, saved, attributes) => {
    let made: tf.Tensor[] | undefined;
    const part = (i: number) => () => {
      const inputs = [dy as tf.Tensor, ...saved];
      made ??= tf.engine().runKernel('HopeRmsNormGrad', inputs as never, attributes) as tf.Tensor[];
      return made[i];
    };
    return Object.fromEntries(saved.map((_, i) => [i, part(i)]));
  },
});
