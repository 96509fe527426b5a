import { beforeAll, describe, expect, it } from 'vitest';
import { mergeHeads, splitGates, splitHeads } from '../../engine/model/heads.ts';
import { openBackend } from '../../engine/tensor/backend.ts';
import { tf } from '../../engine/tensor/tf.ts';

const SHAPES = [
  { batch: 1, tokens: 4, heads: 4, inner: 32 },
  { batch: 2, tokens: 3, heads: 5, inner: 7 },
  { batch: 3, tokens: 1, heads: 2, inner: 1 },
  { batch: 2, tokens: 6, heads: 1, inner: 5 },
];

describe.each(['wasm', 'cpu'] as const)('heads on %s', name => {
  beforeAll(async () => {
    await openBackend(name);
  });

  it.each(SHAPES)('are taken apart and put together: %o', ({ batch, tokens, heads, inner }) => {
    const numbers = Float32Array.from({ length: batch * tokens * heads * inner }, (_, i) => i);
    const at = (b: number, t: number, h: number, d: number) => ((b * tokens + t) * heads + h) * inner + d;
    const expected: number[] = [];
    for (let b = 0; b < batch; b++) {
      for (let h = 0; h < heads; h++) {
        for (let t = 0; t < tokens; t++) for (let d = 0; d < inner; d++) expected.push(at(b, t, h, d));
      }
    }
    tf.tidy(() => {
      const x = tf.tensor2d(numbers, [batch * tokens, heads * inner]);
      const split = splitHeads(x, batch, heads);
      expect(split.shape).toEqual([batch * heads, tokens, inner]);
      expect([...split.dataSync()]).toEqual(expected);
      const merged = mergeHeads(split, batch);
      expect(merged.shape).toEqual(x.shape);
      expect([...merged.dataSync()]).toEqual([...numbers]);
      const gates = splitGates(tf.tensor2d(numbers, [batch * tokens, heads * inner]), batch);
      const ofGates = splitHeads(x, batch, heads * inner);
      expect(gates.shape).toEqual([batch * heads * inner, tokens]);
      expect([...gates.dataSync()]).toEqual([...ofGates.dataSync()]);

      // Of a weighted sum the gradient is the weights, brought back to where each number came from.
      const weights = tf.reshape<tf.Rank.R3>(tf.range(1, 1 + numbers.length), split.shape);
      const slope = tf.grad(each => tf.sum(tf.mul(splitHeads(each as tf.Tensor2D, batch, heads), weights)))(
        x,
      );
      expect([...slope.dataSync()]).toEqual([...mergeHeads(weights, batch).dataSync()]);
      const backward = tf.grad(each => tf.sum(tf.mul(mergeHeads(each as tf.Tensor3D, batch), x)))(split);
      expect([...backward.dataSync()]).toEqual([...split.dataSync()]);
    });
  });
});
