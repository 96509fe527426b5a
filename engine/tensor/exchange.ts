import { tf } from './tf.ts';

/** How x is looked at, [batch, first, second, inner], and the shape of what comes out. */
export interface Exchange {
  readonly batch: number;
  readonly first: number;
  readonly second: number;
  readonly inner: number;
  readonly shape: readonly number[];
}

/**
 * x as [batch, first, second, inner] with its two middle axes exchanged, in the shape asked for: one operation where the
 * backend has it, in place of two reshapes and a transposition.
 */
export function exchange<T extends tf.Tensor>(x: tf.Tensor, attributes: Exchange): T {
  const { batch, first, second, inner, shape } = attributes;
  if (tf.getKernel('HopeExchange', tf.getBackend())) {
    return tf.engine().runKernel('HopeExchange', { x }, attributes as never) as T;
  }
  const turned = tf.transpose(tf.reshape(x, [batch, first, second, inner]), [0, 2, 1, 3]);
  return tf.reshape(turned, [...shape]) as T;
}

tf.registerGradient({
  kernelName: 'HopeExchange',
  inputsToSave: ['x'],
  gradFunc: (dy, [x], attributes) => {
    const { first, second, ...rest } = attributes as unknown as Exchange;
    const back = { ...rest, first: second, second: first, shape: x.shape };
    return { x: () => exchange(dy as tf.Tensor, back) };
  },
});
