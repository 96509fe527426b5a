import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { parameterSpecs } from '../../engine/model/parameters.ts';
import { openBackend } from '../../engine/tensor/backend.ts';
import { tf } from '../../engine/tensor/tf.ts';
import { distance, expectNear } from '../support/near.ts';
import { filled, type Numbers, REFERENCES } from './family.ts';
import { ENGINES } from './familyEngine.ts';

const FILE = fileURLToPath(new URL('family_golden.json', import.meta.url));
const TITLES = Object.keys(REFERENCES);

/** `REWRITE=1` writes the file anew from the slow references; what changes is for a reader to judge. */
if (process.env.REWRITE) {
  const all = TITLES.map(title => [title, compute(title)]);
  writeFileSync(FILE, `${JSON.stringify(Object.fromEntries(all), undefined, 1)}\n`);
}
const golden = JSON.parse(readFileSync(FILE, 'utf8')) as Record<string, Numbers>;

function compute(title: string): Numbers {
  const { config, compute: run } = REFERENCES[title];
  const theta = [...filled(parameterSpecs(config))].map(([name, { data }]) => [name, data] as const);
  return run(new Map(theta));
}

test.each(TITLES.filter(title => !title.startsWith('G9')))('the slow references still compute %s', title => {
  const computed = compute(title);
  expect(Object.keys(computed)).toEqual(Object.keys(golden[title]));
  for (const [name, values] of Object.entries(golden[title])) {
    expectNear(computed[name], values, name, { absolute: 1e-11, relative: 1e-11 });
  }
});

describe.each(['cpu', 'wasm'] as const)('golden values of the family on %s', backend => {
  beforeAll(async () => {
    await openBackend(backend);
  });

  test.each(TITLES)('%s', async title => {
    const before = tf.memory().numTensors;
    const computed = await ENGINES[title]();
    expect(tf.memory().numTensors).toBe(before);
    expect(Object.keys(computed).toSorted()).toEqual(Object.keys(golden[title]).toSorted());
    for (const [name, values] of Object.entries(golden[title])) {
      // Gradients are held as vectors, everything else number by number.
      if (!title.startsWith('G9'))
        expectNear(computed[name], values, name, { absolute: 3e-6, relative: 3e-5 });
      expect(distance(computed[name], values), name).toBeLessThan(title.startsWith('G9') ? 1e-4 : 2e-5);
    }
  });
});
