import { beforeAll, describe, expect, it } from 'vitest';
import { FastState } from '../../engine/model/fastState.ts';
import { openBackend } from '../../engine/tensor/backend.ts';
import { crossEntropy } from '../../engine/tensor/crossEntropy.ts';
import { squaredNorms } from '../../engine/tensor/squares.ts';
import { tf } from '../../engine/tensor/tf.ts';
import type { HostBackend } from '../../engine/tensor/wasm/hostBackend.ts';
import { expectSameBits } from '../support/near.ts';
import { smallConfig, smallModels, smallText } from '../support/smallHope.ts';
import { fastWeights, ticksOf, trainTicks } from '../support/smallTraining.ts';

type Memory = { buffer: SharedArrayBuffer };
const memory = () => (tf.backend() as HostBackend).wasm.asm.memory as unknown as Memory;

/** Takes memory in large pieces until the host's has grown; gives it back. Returns the bytes it grew by. */
function grow(): number {
  const before = memory().buffer.byteLength;
  const pieces: tf.Tensor[] = [];
  while (memory().buffer.byteLength === before) pieces.push(tf.zeros([1 << 20]));
  tf.dispose(pieces);
  return memory().buffer.byteLength - before;
}

describe('growth of the host’s memory', () => {
  beforeAll(async () => {
    await openBackend('wasm');
  });

  it('leaves every view from before too short, and changes no tensor and no address', () => {
    const tensor = tf.tensor1d(Float32Array.from({ length: 1000 }, (_, i) => i));
    const { buffer } = memory();
    const before = buffer.byteLength;
    expect(grow()).toBeGreaterThan(0);
    expect(buffer.byteLength).toBe(before);
    expect(memory().buffer.byteLength).toBeGreaterThan(before);
    expect(Array.from(tensor.dataSync())).toEqual(Array.from({ length: 1000 }, (_, i) => i));
    tensor.dispose();
  });

  it('between two updates leaves online training the same bits', async () => {
    const config = smallConfig();
    const run = async (growing: boolean) => {
      const { base } = smallModels(config);
      const state = new FastState(base);
      const text = smallText(24);
      let grown = 0;
      const updates = await trainTicks(state, ticksOf(state, text), { telemetry: true }, update => {
        if (growing && update.index % 4 === 1) grown += grow();
      });
      const weights = fastWeights(state);
      state.dispose();
      base.dispose();
      return { updates, weights, grown };
    };
    const [still, moved] = [await run(false), await run(true)];
    expect(still.grown).toBe(0);
    expect(moved.grown).toBeGreaterThan(0);
    still.updates.forEach((update, i) => {
      expectSameBits(moved.updates[i].surprise, update.surprise, `losses of update ${i}`);
      expectSameBits(moved.updates[i].metrics, update.metrics, `metrics of update ${i}`);
    });
    for (const [name, values] of still.weights) expectSameBits(moved.weights.get(name)!, values, name);
  });

  it('in the middle of a kernel, by its own outputs, its working memory and what it writes from outside', () => {
    // Each call asks for more than is left, so that the memory grows while the kernel makes its outputs.
    const grownBy = (run: (rows: number) => void) => {
      let grown = 0;
      for (let rows = 1 << 10; grown === 0 && rows <= 1 << 16; rows *= 2) {
        const before = memory().buffer.byteLength;
        tf.tidy(() => run(rows));
        grown = memory().buffer.byteLength - before;
      }
      return grown;
    };
    const product = grownBy(rows => {
      const left = tf.fill([rows, 4], 0.5);
      const out = tf.matMul(left, tf.fill([4, 512], 2));
      const [first, last] = [tf.slice(out, [0, 0], [1, 1]), tf.slice(out, [rows - 1, 511], [1, 1])];
      expect([first.dataSync()[0], last.dataSync()[0]]).toEqual([4, 4]);
    });
    const losses = grownBy(rows => {
      const width = 300;
      const logits = tf.zeros<tf.Rank.R2>([rows, width]);
      const loss = crossEntropy(logits, tf.zeros([rows], 'int32')).dataSync();
      expect(loss[rows - 1]).toBeCloseTo(Math.log(width), 5);
      expect(squaredNorms([[tf.fill([rows], 2)], [tf.fill([rows], 1)]]).dataSync()).toEqual(
        Float32Array.of(4 * rows, rows),
      );
    });
    expect(product).toBeGreaterThan(0);
    expect(losses).toBeGreaterThan(0);
  });
});
