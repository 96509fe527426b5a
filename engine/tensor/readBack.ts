import { tf } from './tf.ts';
import type { HostBackend } from './wasm/hostBackend.ts';

/**
 * Values of tensors. What is read are the values at the time of the call, whatever becomes of the tensors while they
 * are on their way: WebGPU cannot answer at once, and copies all of them to this side in one trip.
 */
export async function readAll(tensors: readonly tf.Tensor[]): Promise<Float32Array[]> {
  if (tf.getBackend() !== 'webgpu' || tensors.length < 2) {
    return (await Promise.all(tensors.map(tensor => tensor.data()))) as Float32Array[];
  }
  const together = await readBack(() => tf.concat(tensors.map(tensor => tf.reshape(tensor, [tensor.size]))));
  let at = 0;
  return tensors.map(({ size }) => {
    at += size;
    return together.subarray(at - size, at);
  });
}

/**
 * Values of tensors where they lie, to be read at once: nothing may be computed in between.
 * @returns undefined on a backend whose memory is out of reach
 */
export function viewAll(tensors: readonly tf.Tensor[]): Float32Array[] | undefined {
  if (tf.getBackend() !== 'wasm') return undefined;
  const backend = tf.backend() as HostBackend;
  return tensors.map(tensor => backend.typedArrayFromHeap(tensor) as Float32Array);
}

/** Values of what `compute` makes, in a tidy and freed when they are here. */
export async function readBack(compute: () => tf.Tensor): Promise<Float32Array> {
  const result = tf.tidy(compute);
  try {
    return (await result.data()) as Float32Array;
  } finally {
    result.dispose();
  }
}
