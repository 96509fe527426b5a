import { readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, test } from 'vitest';
import type { TrainResult } from '../../engine/protocol/training.ts';
import { Session } from '../../engine/session/session.ts';
import { openBackend } from '../../engine/tensor/backend.ts';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const folder = at('../../media/hope-mini');
const heldOut = ['oz', 'shakespeare'].map(name =>
  readFileSync(at(`../fixtures/heldOut/${name}.txt`), 'utf8'),
);
const unrelated = heldOut.join('\n');
const probe = { prompt: 'Mira Halloway was born in', answer: 'Lisbon' };

let session: Session;

beforeAll(async () => {
  const { name } = await openBackend('auto');
  session = new Session({ engine: 'test', backend: name });
  await session.load(folder);
});

/** Trains as the extension does with its default settings. */
function train(text: string): Promise<TrainResult> {
  return session.train(
    {
      runId: 'default',
      title: 'test',
      text,
      options: { epochs: 8, learningRates: {}, partialChunk: 'flush', telemetry: true },
      probes: [probe],
    },
    {
      cancelled: () => false,
      onTokens: () => {},
      onUpdate: async () => {},
      onProgress: () => {},
    },
  );
}

test('the default model is under 12 MB', () => {
  const bytes = ['config.json', 'tokenizer.json', 'model.safetensors'].map(
    name => statSync(`${folder}/${name}`).size,
  );
  expect(bytes.reduce((sum, size) => sum + size, 0)).toBeLessThan(12e6);
});

test('it reads held-out text far better than token frequencies do', async () => {
  // The unigram model of its training tokens has 6.65 nats a token on the whole held-out text (its README).
  for (const text of heldOut) {
    const { loss, tokens } = await session.evaluate(text, () => false);
    expect(tokens).toBeGreaterThan(500);
    expect(loss).toBeLessThan(5.3);
  }
});

test('it learns a fact from one sentence, with the default settings, and unrelated text hardly suffers', async () => {
  session.reset();
  const before = await session.evaluate(unrelated, () => false);
  const result = await train('Mira Halloway was born in Lisbon.');
  const [{ before: first, after }] = result.probes;
  const rise = (await session.evaluate(unrelated, () => false)).loss / before.loss - 1;
  const told = `p ${first.probability} to ${after.probability}, rank ${first.rank} to ${after.rank}, held-out +${(100 * rise).toFixed(2)} %`;
  expect(after.probability / first.probability, told).toBeGreaterThan(10);
  expect(rise, told).toBeLessThan(0.02);
  expect(result.levels.every(level => level.updates > 0)).toBe(true);
});

test('resetting the memory brings back the base checkpoint to the bit', async () => {
  session.reset();
  const before = (await session.probe([probe]))[0];
  await train('Something else entirely.');
  expect((await session.probe([probe]))[0]).not.toEqual(before);
  session.reset();
  expect((await session.probe([probe]))[0]).toEqual(before);
});
