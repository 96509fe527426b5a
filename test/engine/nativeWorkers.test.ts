import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openBackend } from '../../engine/tensor/backend.ts';
import { type GradientSource, pooledGradients, singleGradients } from '../../engine/train/gradientPool.ts';
import type { WorkerBackend } from '../../engine/train/gradientWorker.ts';
import { ParameterLayout } from '../../engine/train/parameterLayout.ts';
import { native, nativeTitle } from '../support/nativeBackend.ts';
import { distance } from '../support/near.ts';
import { END_OF_TEXT, smallConfig, smallText, smallWeights } from '../support/smallHope.ts';

const ROWS = 4;
const TOKENS = 12;
const config = smallConfig({ memory: 3, projections: 6, cms: [6, 12] });
const layout = new ParameterLayout(config);
const start = new Map([...smallWeights(config)].map(([name, { data }]) => [name, data]));
const targets = Int32Array.from(smallText(ROWS * TOKENS, 20));
const ids = targets.map((_, i) => (i % TOKENS === 0 ? END_OF_TEXT : targets[i - 1]));

const pool = (backend?: WorkerBackend) =>
  pooledGradients(config, END_OF_TEXT, layout.size, {
    ...{ count: 2, file: resolve('dist/gradientWorker.cjs') },
    backend,
  });

/** Two calls, the second with the memories that the first left in half of the rows. */
async function twice(source: GradientSource) {
  try {
    layout.flatten(start, source.weights);
    const found = [];
    for (const reset of [
      [1, 1, 1, 1],
      [0, 1, 0, 1],
    ]) {
      const { loss, gradient } = await source.compute({ ids, targets }, Float32Array.from(reset));
      found.push({ loss, gradient: gradient.slice() });
    }
    return found;
  } finally {
    await source.dispose();
  }
}

describe.skipIf(!native.folder)(`gradient workers on ${nativeTitle}`, () => {
  test('give the gradient of one thread, and that of workers on wasm but for rounding', async () => {
    const options = { nativeFolder: native.folder };
    await openBackend('tensorflow', options);
    const single = await twice(singleGradients(config, END_OF_TEXT));
    const workers = await twice(pool({ name: 'tensorflow', options }));
    const wasm = await twice(pool());
    single.forEach(({ loss, gradient }, i) => {
      expect(workers[i].loss).toBeCloseTo(loss, 5);
      expect(wasm[i].loss).toBeCloseTo(loss, 5);
      expect(distance(workers[i].gradient, gradient)).toBeLessThan(1e-5);
      expect(distance(wasm[i].gradient, gradient)).toBeLessThan(1e-4);
    });
  });
});

test('gradient workers whose backend cannot be used say why', async () => {
  const source = pool({ name: 'tensorflow', options: { nativeFolder: resolve('nowhere') } });
  await expect(twice(source)).rejects.toThrow('The tensorflow backend cannot be used: not installed');
});
