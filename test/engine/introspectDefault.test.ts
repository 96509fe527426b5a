import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { absorbFact } from '../../engine/session/absorption.ts';
import { Session } from '../../engine/session/session.ts';
import { openBackend } from '../../engine/tensor/backend.ts';
import { expectNear } from '../support/near.ts';
import { Recording, TRAIN_OPTIONS, trainRequest } from '../support/tinySession.ts';

const LEVELS = ['memory', 'projections', 'cms.0', 'cms.1', 'cms.2'];
const TEXT = 'Mira Halloway was born in Lisbon.';
const FACT = { prompt: 'Mira Halloway was born in', answer: 'Lisbon' };

const folder = mkdtempSync(join(tmpdir(), 'hopescope-default-'));
let session: Session;
beforeAll(async () => {
  await openBackend('wasm');
  session = new Session({ engine: '0.0.0', backend: 'wasm' });
  await session.load('media/hope-mini');
}, 60_000);
afterAll(() => {
  session.dispose();
  rmSync(folder, { recursive: true, force: true });
});

/** The default model trained on a sentence, and which level its fact is owed to. */
async function absorbed(name: string, learningRates: Record<string, number>) {
  session.reset();
  const path = join(folder, `${name}.hoperun`);
  const options = { ...TRAIN_OPTIONS, epochs: 4, learningRates };
  const request = trainRequest({ text: TEXT, options, runPath: path });
  const { updates } = await session.train(request, new Recording());
  const question = { token: '', path, from: 0, to: updates, fact: FACT, paraphrases: [], neighbours: [] };
  return session.inspect(
    path,
    () => false,
    run => absorbFact(run, { ...question, controls: 20, seed: 1, pathPoints: 0 }, () => {}),
  );
}

test.each(['memory', 'cms.1'])('the default model: %s alone moves and gets all of the credit', async only => {
  const { gain, levels } = await absorbed(
    only,
    Object.fromEntries(LEVELS.filter(id => id !== only).map(id => [id, 0])),
  );
  expect(gain).not.toBe(0);
  for (const { level, shapley, frozen } of levels) {
    if (level === only) expectNear([shapley], [gain], level, { absolute: 1e-9 });
    else expect([shapley, frozen], level).toEqual([0, true]);
  }
});

test('the default model: a sentence read four times is learned beyond chance, and the shares add up', async () => {
  const { gain, significant, levels, halfGainAt } = await absorbed('all', {});
  expect(gain).toBeGreaterThan(1);
  expect(significant).toBe(true);
  const sum = levels.reduce((total, { shapley }) => total + shapley, 0);
  expectNear([sum], [gain], 'Σφ', { absolute: 1e-6 });
  expect(halfGainAt).toBeGreaterThan(0);
});
