import { beforeAll, describe, expect, it } from 'vitest';
import { readMemory } from '../../engine/model/memoryMlp.ts';
import { openBackend } from '../../engine/tensor/backend.ts';
import { fusedChunk, hasFusedChunk } from '../../engine/tensor/memoryChunk.ts';
import { fusedRead } from '../../engine/tensor/memoryRead.ts';
import { tf } from '../../engine/tensor/tf.ts';
import { type ChunkValues, writeByTokens } from '../support/chunkReference.ts';
import {
  CASES,
  CHUNK_INPUTS,
  composed,
  fused,
  inputsOf,
  lossOf,
  sizes,
  tensorsOf,
  weightOf,
} from '../support/chunkRuns.ts';
import { distance } from '../support/near.ts';

/** Entries of each gradient that are compared with finite differences, spread over it. */
const SAMPLES = 30;

describe('the fused chunk', () => {
  beforeAll(async () => {
    await openBackend('wasm');
  });

  it.each(CASES)(
    'agrees with the token loop and finite differences on it, %j, ceiling %d, dot product %s',
    (size, ceiling, dotProduct) => {
      const values = inputsOf(size, 1);
      const wide = Object.fromEntries(
        CHUNK_INPUTS.map(name => [name, Float64Array.from(values[name])]),
      ) as unknown as ChunkValues;
      const expected = writeByTokens(wide, size, ceiling, dotProduct);
      tf.tidy(() => {
        const inputs = tensorsOf(values, size, 1);
        const got = fused(inputs, ceiling, dotProduct);
        for (const name of ['w1', 'w2', 'surprise', 'read'] as const) {
          expect(distance(got[name].dataSync(), expected[name].flat()), name).toBeLessThan(3e-6);
        }
        const wanted = (run: ChunkValues) => {
          const { w1, w2, read } = writeByTokens(run, size, ceiling, dotProduct);
          const sum = (x: number[][], from: number) =>
            x.flat().reduce((total, each, i) => total + each * weightOf(from + i), 0);
          return sum(w1, 0) + sum(w2, 1000) + sum(read, 2000);
        };
        const gradients = tf.grads((...xs: tf.Tensor[]) => lossOf(fused(xs, ceiling, dotProduct)))(inputs);
        CHUNK_INPUTS.forEach((name, i) => {
          const { length } = wide[name];
          const spread = Array.from({ length: Math.min(SAMPLES, length) }, (_, j) =>
            Math.floor((j * length) / Math.min(SAMPLES, length)),
          );
          const numeric = spread.map(at => {
            const moved = (by: number) => {
              const changed = wide[name].slice();
              changed[at] += by;
              return wanted({ ...wide, [name]: changed });
            };
            return (moved(1e-5) - moved(-1e-5)) / 2e-5;
          });
          const all = gradients[i].dataSync();
          const gradient = spread.map(at => all[at]);
          expect(distance(gradient, numeric), `gradient of ${name}`).toBeLessThan(2e-5);
        });
      });
    },
  );

  it.each(CASES)(
    'agrees with the composed expression over groups, %j, ceiling %d, dot product %s',
    (size, ceiling, dotProduct) => {
      const before = tf.memory().numTensors;
      tf.tidy(() => {
        const inputs = tensorsOf(inputsOf(size, 3), size, 3);
        const [ours, theirs] = [fused, composed].map(run => run(inputs, ceiling, dotProduct));
        for (const name of ['w1', 'w2', 'read', 'surprise', 'taken1', 'taken2'] as const) {
          expect(ours[name].shape).toEqual(theirs[name].shape);
          expect(distance(ours[name].dataSync(), theirs[name].dataSync()), name).toBeLessThan(5e-6);
        }
        const [mine, other] = [fused, composed].map(run =>
          tf.grads((...xs: tf.Tensor[]) => lossOf(run(xs, ceiling, dotProduct)))(inputs),
        );
        CHUNK_INPUTS.forEach((name, i) => {
          expect(distance(mine[i].dataSync(), other[i].dataSync()), `gradient of ${name}`).toBeLessThan(3e-5);
        });
      });
      expect(tf.memory().numTensors).toBe(before);
    },
  );

  it('writes several memories with one set of keys as one by one, and adds their gradients', () => {
    tf.tidy(() => {
      const options = { ceiling: 1, dotProduct: false, subtracted: false };
      const size = sizes(6, 0, 8, 8);
      const gate = sizes(6, 0, 8, 8, 1);
      const [k, v, eta, logAlpha, , w1, w2] = tensorsOf(inputsOf(size, 2), size, 2) as tf.Tensor3D[];
      const [, , , , , g1, g2] = tensorsOf(inputsOf(gate, 2), gate, 2) as tf.Tensor3D[];
      const tokens = {
        k,
        v,
        eta: eta as tf.Tensor as tf.Tensor2D,
        logAlpha: logAlpha as tf.Tensor as tf.Tensor2D,
      };
      const memories = [
        { w1, w2 },
        { w1: g1, w2: g2 },
      ];
      const loss = (keys: tf.Tensor, which: number[]) => {
        const written = fusedChunk(
          { ...tokens, k: keys as tf.Tensor3D },
          which.map(i => memories[i]),
          options,
        );
        return tf.addN(
          written.map(({ weights }) => tf.add(tf.sum(tf.sin(weights.w1)), tf.sum(tf.sin(weights.w2)))),
        );
      };
      const together = tf.valueAndGrad((x: tf.Tensor) => loss(x, [0, 1]))(k);
      const apart = [0, 1].map(i => tf.valueAndGrad((x: tf.Tensor) => loss(x, [i]))(k));
      const value = apart[0].value.dataSync()[0] + apart[1].value.dataSync()[0];
      expect(together.value.dataSync()[0]).toBeCloseTo(value, 4);
      const sum = tf.add(apart[0].grad, apart[1].grad).dataSync();
      expect(distance(together.grad.dataSync(), sum)).toBeLessThan(1e-5);
    });
  });

  it('gives the same bits every time', () => {
    tf.tidy(() => {
      const [size, ceiling] = [sizes(7, 3, 12, 12), 1];
      const inputs = tensorsOf(inputsOf(size, 2), size, 2);
      const [once, again] = [0, 1].map(() => fused(inputs, ceiling, false));
      for (const name of ['w1', 'w2', 'read'] as const) {
        expect(again[name].dataSync()).toEqual(once[name].dataSync());
      }
    });
  });

  it('is not on a backend without our kernels', async () => {
    await openBackend('cpu');
    expect(hasFusedChunk()).toBe(false);
    const zeros = tf.zeros<tf.Rank.R3>([1, 2, 2]);
    expect(fusedRead(zeros, zeros, zeros)).toBeUndefined();
    zeros.dispose();
    await openBackend('wasm');
    expect(hasFusedChunk()).toBe(true);
  });
});

describe('the fused read', () => {
  it.each([
    [1, 3, 5, 4],
    [4, 8, 8, 8],
    [7, 12, 20, 12],
    [5, 8, 16, 1],
    [64, 16, 16, 16],
  ])(
    'of %d tokens, D %d, H %d, O %d agrees with the composed expression, and its gradient too',
    (tokens, width, hidden, out) => {
      tf.tidy(() => {
        const size = sizes(tokens, tokens, width, hidden, out);
        const [, , , , z, w1, w2] = tensorsOf(inputsOf(size, 2), size, 2) as tf.Tensor3D[];
        const runs = [
          (...[x, a, b]: tf.Tensor[]) => fusedRead(x as tf.Tensor3D, a as tf.Tensor3D, b as tf.Tensor3D)!,
          (...[x, a, b]: tf.Tensor[]) =>
            readMemory({ w1: a as tf.Tensor3D, w2: b as tf.Tensor3D }, x as tf.Tensor3D).out,
        ];
        const [ours, theirs] = runs.map(run => run(z, w1, w2).dataSync());
        expect(distance(ours, theirs)).toBeLessThan(2e-6);
        const [mine, other] = runs.map(run =>
          tf.grads((...xs: tf.Tensor[]) => tf.sum(tf.sin(run(...xs))) as tf.Scalar)([z, w1, w2]),
        );
        mine.forEach((gradient, i) => {
          expect(distance(gradient.dataSync(), other[i].dataSync()), `input ${i}`).toBeLessThan(1e-5);
        });
        // Asked for the input alone, the weights' gradients are left out.
        const alone = tf.grad((x: tf.Tensor) => tf.sum(tf.sin(runs[0](x, w1, w2))))(z);
        expect(alone.dataSync()).toEqual(mine[0].dataSync());
      });
    },
  );
});
