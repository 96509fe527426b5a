import { tf } from './tf.ts';

/** Coefficients of the polynomial, and how often it is applied. */
export interface NewtonSchulz {
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly iterations: number;
}

/**
 * Iterates X ← a X + (b X Xᵀ + c (X Xᵀ)²) X from X/‖X‖ for each matrix, in one kernel where the backend has it. Has no
 * gradient. @param x [N, rows, columns] @returns the same shape
 */
export function newtonSchulz(x: tf.Tensor3D, { a, b, c, iterations }: NewtonSchulz): tf.Tensor3D {
  if (tf.getKernel('HopeNewtonSchulz', tf.getBackend())) {
    return tf.engine().runKernel('HopeNewtonSchulz', { x }, { a, b, c, iterations }) as tf.Tensor3D;
  }
  return tf.tidy(() => {
    const [, rows, columns] = x.shape;
    const tall = rows > columns;
    const norm = tf.sqrt(tf.sum(tf.square(x), [1, 2], true));
    let next = tf.div<tf.Tensor3D>(x, tf.add(norm, tf.scalar(1e-7)));
    for (let i = 0; i < iterations; i++) {
      // The smaller of the two Gram matrices, from the side that it is multiplied from.
      const gram = tf.matMul(next, next, tall, !tall);
      const powers = tf.add<tf.Tensor3D>(
        tf.mul(gram, tf.scalar(b)),
        tf.mul(tf.matMul(gram, gram), tf.scalar(c)),
      );
      const change = tall ? tf.matMul(next, powers) : tf.matMul(powers, next);
      next = tf.add(tf.mul(next, tf.scalar(a)), change);
    }
    return next;
  });
}
