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

/** Whether every number of these tensors is finite. */
export function allFinite(tensors: readonly tf.Tensor[]): boolean {
  if (tensors.length === 0) return true;
  return tf.tidy(() => {
    if (tf.getKernel('HopeFinite', tf.getBackend())) {
      return (tf.engine().runKernel('HopeFinite', tensors as never) as tf.Tensor).dataSync()[0] === 1;
    }
    return Number.isFinite(tf.addN(tensors.map(each => tf.sum(tf.mul(each, 0)))).dataSync()[0]);
  });
}
