import { beforeAll, describe, expect, test } from 'vitest';
import { readMemory } from '../../engine/model/memoryMlp.ts';
import { writeMemories } from '../../engine/model/memoryWrites.ts';
import type { Generated, Memories } from '../../engine/model/selfModifyingTitans.ts';
import { openBackend } from '../../engine/tensor/backend.ts';
import { gelu, geluDerivative } from '../../engine/tensor/gelu.ts';
import { fusedChunk } from '../../engine/tensor/memoryChunk.ts';
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
} from '../support/chunkRuns.ts';
import { native, nativeTitle } from '../support/nativeBackend.ts';
import { distance } from '../support/near.ts';

/** The addon's count of tensors. */
interface Counting {
  readonly binding: { getNumOfTensors(): number };
}

const OUTPUTS = ['w1', 'w2', 'read', 'surprise', 'taken1', 'taken2'] as const;

/** Runs on one backend; what comes back are numbers. */
async function on(backend: 'cpu' | 'tensorflow', run: () => Record<string, tf.Tensor>) {
  await openBackend(backend, { nativeFolder: native.folder });
  const before = tf.memory().numTensors;
  const found = tf.tidy(() => {
    return Object.entries(run()).map(
      ([name, x]) => [name, { shape: x.shape, values: x.dataSync() }] as const,
    );
  });
  expect(tf.memory().numTensors).toBe(before);
  return new Map(found);
}

async function expectSame(limit: number, ...runs: (() => Record<string, tf.Tensor>)[]): Promise<void> {
  const expected = await on('cpu', runs[1] ?? runs[0]);
  const actual = await on('tensorflow', runs[0]);
  expect([...actual.keys()]).toEqual([...expected.keys()]);
  for (const [name, { shape, values }] of expected) {
    expect(actual.get(name)!.shape, name).toEqual(shape);
    expect(distance(actual.get(name)!.values, values), name).toBeLessThan(limit);
  }
}

describe.skipIf(!native.folder)(`our kernels on ${nativeTitle}`, () => {
  beforeAll(async () => {
    await openBackend('tensorflow', { nativeFolder: native.folder });
  });

  test.each(CASES)(
    'write a chunk as the composed expression does, %j, ceiling %d, dot product %s',
    async (size, ceiling, dotProduct) => {
      const values = inputsOf(size, 3);
      await expectSame(
        5e-6,
        () => ({ ...fused(tensorsOf(values, size, 3), ceiling, dotProduct) }),
        () => ({ ...composed(tensorsOf(values, size, 3), ceiling, dotProduct) }),
      );
    },
  );

  test.each(CASES)(
    'write a chunk as the token loop does, %j, ceiling %d, dot product %s',
    async (size, ceiling, dotProduct) => {
      const values = inputsOf(size, 1);
      const wide = CHUNK_INPUTS.map(name => [name, Float64Array.from(values[name])]);
      const expected = writeByTokens(Object.fromEntries(wide) as ChunkValues, size, ceiling, dotProduct);
      const got = await on('tensorflow', () => ({
        ...fused(tensorsOf(values, size, 1), ceiling, dotProduct),
      }));
      for (const name of ['w1', 'w2', 'surprise', 'read'] as const) {
        expect(distance(got.get(name)!.values, expected[name].flat()), name).toBeLessThan(3e-6);
      }
    },
  );

  test('write with gates that forget almost everything within a chunk', async () => {
    const size = sizes(16, 4, 8, 8);
    const values = { ...inputsOf(size, 2), logAlpha: new Float32Array(2 * 16).fill(-40) };
    const runs = [fused, composed].map(run => () => ({ ...run(tensorsOf(values, size, 2), 1, false) }));
    await expectSame(5e-6, ...runs);
  });

  test.each([
    { rate: 1, gradientCeiling: 0.5 },
    { rate: 0.3, gradientCeiling: Number.POSITIVE_INFINITY },
  ])('write memories of several widths together, %j', async options => {
    const size = sizes(6, 3, 8, 8);
    const gate = sizes(6, 3, 8, 24, 1);
    const [values, gates] = [inputsOf(size, 2), inputsOf(gate, 2)];
    const run = () => {
      const [k, v, eta, logAlpha, query, w1, w2] = tensorsOf(values, size, 2) as tf.Tensor3D[];
      const [, , , , , g1, g2] = tensorsOf(gates, gate, 2) as tf.Tensor3D[];
      const small = { w1: g1, w2: g2 };
      const memories: Memories = { k: { w1, w2 }, v: { w1, w2 }, eta: small, alpha: small, memory: small };
      const chunk = {
        k,
        v,
        eta: eta as tf.Tensor as tf.Tensor2D,
        logAlpha: logAlpha as tf.Tensor as tf.Tensor2D,
      };
      const written = writeMemories(memories, ['memory', 'k', 'eta'], chunk, {
        ...{ ...options, query, withSubtracted: true },
      });
      return Object.fromEntries(
        Object.entries(written).flatMap(([name, { weights, subtracted, surprise, read }]) => [
          ...[weights, subtracted!].flatMap((each, i) => [
            [`${name} w1 ${i}`, each.w1!],
            [`${name} w2 ${i}`, each.w2],
          ]),
          ...[
            [`${name} surprise`, surprise],
            [`${name} read`, read!],
          ],
        ]),
      ) as Record<string, tf.Tensor>;
    };
    await expectSame(5e-6, run);
  });

  test('write without queries, and leave out what was not asked for', async () => {
    await openBackend('tensorflow', { nativeFolder: native.folder });
    const size = sizes(5, 2, 6, 10);
    tf.tidy(() => {
      const inputs = tensorsOf(inputsOf(size, 2), size, 2) as tf.Tensor3D[];
      const [k, v, eta, logAlpha, , w1, w2] = inputs;
      const gates = { eta: eta as tf.Tensor as tf.Tensor2D, logAlpha: logAlpha as tf.Tensor as tf.Tensor2D };
      const options = { ceiling: 1, dotProduct: false, subtracted: false };
      const [alone] = fusedChunk({ k, v, ...gates }, [{ w1, w2 }], options);
      const whole = fused(inputs, 1, false);
      expect(alone.subtracted).toBeUndefined();
      expect(alone.read).toBeUndefined();
      expect(distance(alone.weights.w1.dataSync(), whole.w1.dataSync())).toBeLessThan(1e-6);
      expect(distance(alone.weights.w2.dataSync(), whole.w2.dataSync())).toBeLessThan(1e-6);
    });
  });

  test('give the same bits every time, and free what they made on the way', async () => {
    const size = sizes(7, 3, 12, 12);
    const values = inputsOf(size, 2);
    const run = () => ({ ...fused(tensorsOf(values, size, 2), 1, false) });
    const first = await on('tensorflow', run);
    // TensorFlow counts its own tensors; the constants of this shape are made by now.
    const held = (tf.backend() as unknown as Counting).binding.getNumOfTensors;
    const before = held();
    const again = await on('tensorflow', run);
    expect(held()).toBe(before);
    for (const name of OUTPUTS) expect(again.get(name)!.values).toEqual(first.get(name)!.values);
  });

  test.each([
    [1, 3, 5, 4],
    [7, 12, 20, 12],
    [5, 8, 16, 1],
  ])(
    'read %d tokens, D %d, H %d, O %d, as the composed expression does',
    async (tokens, width, hidden, out) => {
      const size = sizes(tokens, tokens, width, hidden, out);
      const values = inputsOf(size, 2);
      await expectSame(
        2e-6,
        () => {
          const [, , , , z, w1, w2] = tensorsOf(values, size, 2) as tf.Tensor3D[];
          return { read: fusedRead(z, w1, w2)! };
        },
        () => ({ read: composed(tensorsOf(values, size, 2), 1, false).read }),
      );
    },
  );

  test.each(CASES)(
    'have the gradient of the composed expression, %j, ceiling %d, dot product %s',
    async (size, ceiling, dotProduct) => {
      const values = inputsOf(size, 3);
      const [mine, other] = [fused, composed].map(run => () => {
        const gradients = tf.grads((...xs: tf.Tensor[]) => lossOf(run(xs, ceiling, dotProduct)));
        const found = gradients(tensorsOf(values, size, 3));
        return Object.fromEntries(CHUNK_INPUTS.map((name, i) => [name, found[i]]));
      });
      await expectSame(3e-5, mine, other);
    },
  );

  test('have gradients of gates that forget almost everything within a chunk', async () => {
    const size = sizes(16, 4, 8, 8);
    const values = { ...inputsOf(size, 2), logAlpha: new Float32Array(2 * 16).fill(-40) };
    const [mine, other] = [fused, composed].map(run => () => {
      const found = tf.grads((...xs: tf.Tensor[]) => lossOf(run(xs, 1, false)))(tensorsOf(values, size, 2));
      // That of log α is e^−40 times the others, and a rounding of them.
      found[3] = tf.add(found[3], 1);
      return Object.fromEntries(CHUNK_INPUTS.map((name, i) => [name, found[i]]));
    });
    await expectSame(3e-5, mine, other);
  });

  test('add the gradients of memories that are written together, read or not', async () => {
    const size = sizes(6, 3, 8, 8);
    const gate = sizes(6, 3, 8, 24, 1);
    const [values, gates] = [inputsOf(size, 2), inputsOf(gate, 2)];
    for (const asks of [true, false]) {
      await expectSame(3e-5, () => {
        const inputs = [...tensorsOf(values, size, 2), ...tensorsOf(gates, gate, 2).slice(5)];
        const loss = (...[k, v, eta, logAlpha, q, w1, w2, g1, g2]: tf.Tensor[]) => {
          const small = { w1: g1, w2: g2 };
          const all = { memory: { w1, w2 }, k: { w1, w2 }, v: small, eta: small, alpha: small };
          const chunk = { k, v, eta, logAlpha } as unknown as Generated;
          const query = asks ? (q as tf.Tensor3D) : undefined;
          const options = { gradientCeiling: 0.5, rate: 0.7, query };
          const { memory, eta: gated } = writeMemories(all as Memories, ['memory', 'eta'], chunk, options);
          const terms = [memory, gated].flatMap(({ weights, read }) => [weights.w1!, weights.w2, read ?? []]);
          return tf.addN(terms.flat().map(x => tf.sum(tf.sin(x)))) as tf.Scalar;
        };
        const wanted = asks ? inputs : inputs.filter((_, i) => i !== 4);
        const found = tf.grads((...xs: tf.Tensor[]) => {
          const given = asks ? xs : [...xs.slice(0, 4), inputs[4], ...xs.slice(4)];
          return loss(...given);
        })(wanted);
        return Object.fromEntries(found.map((x, i) => [`input ${i}`, x]));
      });
    }
  });

  test.each([
    [1, 3, 5, 4],
    [7, 12, 20, 12],
    [5, 8, 16, 1],
  ])('have the gradient of a read of %d tokens, D %d, H %d, O %d', async (tokens, width, hidden, out) => {
    const size = sizes(tokens, tokens, width, hidden, out);
    const values = inputsOf(size, 2);
    const gradientOf = (run: (...xs: tf.Tensor3D[]) => tf.Tensor) => () => {
      const [, , , , ...inputs] = tensorsOf(values, size, 2) as tf.Tensor3D[];
      const loss = (...xs: tf.Tensor[]) => tf.sum(tf.sin(run(...(xs as tf.Tensor3D[])))) as tf.Scalar;
      const [z, w1, w2] = tf.grads(loss)(inputs);
      // Asked for the input alone, the weights' gradients are left out.
      return { z, w1, w2, alone: tf.grad((x: tf.Tensor) => loss(x, inputs[1], inputs[2]))(inputs[0]) };
    };
    await expectSame(
      1e-5,
      gradientOf((z, w1, w2) => fusedRead(z, w1, w2)!),
      gradientOf((z, w1, w2) => readMemory({ w1, w2 }, z).out),
    );
  });

  test('have GELU and its derivatives', async () => {
    const points = Float32Array.from({ length: 401 }, (_, i) => (i - 200) / 20);
    await expectSame(1e-6, () => {
      const x = tf.tensor1d(points);
      const first = (at: tf.Tensor) => tf.grad((y: tf.Tensor) => tf.sum(gelu(y)))(at);
      const second = (at: tf.Tensor) => tf.grad((y: tf.Tensor) => tf.sum(geluDerivative(y)))(at);
      return { value: gelu(x), derivative: geluDerivative(x), first: first(x), second: second(x) };
    });
  });
});
