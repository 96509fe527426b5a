import { describe, expect, it } from 'vitest';
import { openBackend } from '../../engine/tensor/backend.ts';
import { readInto, tensorOf } from '../../engine/tensor/flatCopies.ts';
import { tf } from '../../engine/tensor/tf.ts';

describe.each(['wasm', 'cpu'] as const)('copies between arrays and tensors on %s', name => {
  it('keep what an array held when it was given, and fill arrays part by part', async () => {
    await openBackend(name);
    const flat = Float32Array.from({ length: 6 }, (_, i) => i);
    const tensors = [tensorOf(flat.subarray(0, 4), [2, 2]), tensorOf(flat.subarray(4), [2])];
    flat.fill(9);
    const sums = tensors.map(tensor => tf.add(tensor, tf.scalar(1)));
    await readInto(sums, [flat.subarray(2), flat.subarray(0, 2)]);
    expect([...flat]).toEqual([5, 6, 1, 2, 3, 4]);
    tf.dispose([tensors, sums]);
  });
});
