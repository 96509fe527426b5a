import { readAll } from './readBack.ts';
import { tf } from './tf.ts';
import type { HostBackend } from './wasm/hostBackend.ts';

/**
 * A tensor with the values that an array has now, which may be written to later: wasm copies them at once, other backends
 * may go on sharing the array and are given a copy of their own.
 */
export function tensorOf(values: Float32Array, shape: readonly number[]): tf.Tensor {
  return tf.tensor(tf.getBackend() === 'wasm' ? values : values.slice(), [...shape]);
}

/** Writes the values of float32 tensors to arrays of their sizes, on wasm without an array in between. */
export async function readInto(
  tensors: readonly tf.Tensor[],
  targets: readonly Float32Array[],
): Promise<void> {
  if (tf.getBackend() !== 'wasm') {
    const values = await readAll(tensors);
    targets.forEach((target, i) => {
      target.set(values[i]);
    });
    return;
  }
  const backend = tf.backend() as HostBackend;
  targets.forEach((target, i) => {
    target.set(backend.typedArrayFromHeap(tensors[i]) as Float32Array);
  });
}
