import { tf } from './tf.ts';

/**
 * Σ (x − y)² over the tensors of each group, or Σ x² without `others`; float32 [groups], summed in float64 where the
 * backend has a kernel. @param groups lists of tensors, equally many in each
 */
export function squaredNorms(
  groups: readonly (readonly tf.Tensor[])[],
  others?: readonly (readonly tf.Tensor[])[],
): tf.Tensor1D {
  if (tf.getKernel('HopeSquares', tf.getBackend())) {
    const inputs = [...groups.flat(), ...(others ?? []).flat()];
    const attributes = { groups: groups.length, pairs: others !== undefined };
    return tf.engine().runKernel('HopeSquares', inputs as never, attributes) as tf.Tensor1D;
  }
  return tf.tidy(() => {
    const sums = groups.map((group, i) =>
      tf.addN(group.map((x, j) => tf.sum(tf.square(others ? tf.sub(x, others[i][j]) : x)))),
    );
    return tf.stack(sums) as tf.Tensor1D;
  });
}

/** 1 when every number of these tensors is finite, 0 or NaN otherwise, [1]. */
export function finiteness(tensors: readonly tf.Tensor[]): tf.Tensor1D {
  if (tensors.length === 0) return tf.ones([1]);
  if (tf.getKernel('HopeFinite', tf.getBackend())) {
    return tf.reshape(tf.engine().runKernel('HopeFinite', tensors as never) as tf.Tensor, [1]);
  }
  return tf.tidy(() => {
    const zero = tf.addN(tensors.map(each => tf.sum(tf.mul(each, 0))));
    return tf.reshape(tf.add(zero, 1), [1]);
  });
}
