import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { addLevels } from '../../engine/pretrained/addLevels.ts';
import { RunReader } from '../../engine/run/index.ts';
import { OpenModel } from '../../engine/session/openModel.ts';
import { Session } from '../../engine/session/session.ts';
import { openBackend } from '../../engine/tensor/backend.ts';
import { expectSameBits } from '../support/near.ts';
import { logitsOf, writeLlama } from '../support/pretrainedModels.ts';
import { Recording, trainRequest } from '../support/tinySession.ts';

interface Case {
  readonly text: string;
  readonly ids: number[];
}
const TOKENIZERS = join(import.meta.dirname, '../fixtures/tokenizer');
const json = (...parts: string[]) => JSON.parse(readFileSync(join(...parts), 'utf8'));
const recorded: Record<string, Case[]> = json(TOKENIZERS, 'families_expected.json');
/** Rotary positions as the models of Llama 3 and Llama 2 have them, at the length of the fixture. */
const ROTARY = {
  llama3: {
    ...{ rope_type: 'llama3', rope_theta: 500_000, factor: 8, low_freq_factor: 1, high_freq_factor: 4 },
    original_max_position_embeddings: 16,
  },
  llama2: { rope_type: 'default', rope_theta: 10_000 },
};
const PERIODS = [4, 8, 16];
const EPOCHS = 6;
const VERSE = 'ROMEO:\nBut, soft! what light through yonder window breaks?\n';

const folder = mkdtempSync(join(tmpdir(), 'hopescope-families-'));
const at = (name: string) => join(folder, name);
beforeAll(async () => {
  await openBackend('wasm');
});
afterAll(() => rmSync(folder, { recursive: true }));

describe.each([
  ['llama3', ROTARY.llama3],
  ['llama2', ROTARY.llama2],
  ['llama2_metaspace', ROTARY.llama2],
  ['digits', ROTARY.llama2],
])('a Llama with the tokenizer %s and added levels', (name, rotary) => {
  const [source, made] = [at(name), at(`${name}-levels`)];
  const sessions: Session[] = [];
  beforeAll(async () => {
    await writeLlama(source, join(TOKENIZERS, `${name}.json`), { rope_parameters: rotary });
    await addLevels({ source, target: made, periods: PERIODS });
  });
  afterEach(() => {
    for (const session of sessions.splice(0)) session.dispose();
  });

  async function opened(): Promise<Session> {
    const session = new Session({ engine: 'test', backend: 'wasm' });
    sessions.push(session);
    await session.load(made);
    return session;
  }

  test('keeps its tokenizer, and the logits of a text bit for bit', async () => {
    expect(json(made, 'tokenizer.json')).toEqual(json(TOKENIZERS, `${name}.json`));
    const { ids } = recorded[name].find(({ text }) => text === VERSE)!;
    const [before, after] = [await OpenModel.read(source), await OpenModel.read(made)];
    expectSameBits(await logitsOf(after, ids), await logitsOf(before, ids), 'logits');
    for (const model of [before, after]) model.dispose();
  });

  // A verse, and text of many scripts whose characters are tokens of single bytes.
  test.each([VERSE, recorded[name].find(({ text }) => text.includes('日本語'))!.text])(
    'is trained on %j, its tokens those that are recorded',
    async text => {
      const { ids } = recorded[name].find(each => each.text === text)!;
      const session = await opened();
      const runPath = at(`${name}-${ids.length}.hoperun`);
      const recording = new Recording();
      const options = { epochs: EPOCHS, learningRates: {}, partialChunk: 'flush', telemetry: true } as const;
      const first = await session.evaluate(text, () => false);
      const result = await session.train(trainRequest({ text, options, runPath }), recording);
      expect(result).toMatchObject({
        status: 'finished',
        tokens: ids.length,
        positions: EPOCHS * ids.length,
      });
      for (const { id, period, updates, drift } of result.levels) {
        expect(updates, id).toBe(Math.ceil((EPOCHS * ids.length) / period));
        expect(drift, id).toBeGreaterThan(0);
      }
      expect(result.levels.map(({ period }) => period)).toEqual(PERIODS);
      expect((await session.evaluate(text, () => false)).loss).toBeLessThan(first.loss);

      const run = RunReader.open(runPath);
      const tokens = run.tokens();
      run.close();
      expect([...tokens.ids]).toEqual(ids);
      // Every place of the text is one of a token, in order; tokens of parts of a character share its place.
      const { starts, ends } = recording.spans[0];
      expect(recording.spans.length).toBe(1);
      let end = 0;
      for (let i = 0; i < ids.length; i++) {
        expect(starts[i], `token ${i}`).toBeLessThanOrEqual(end);
        expect(ends[i], `token ${i}`).toBeGreaterThanOrEqual(end);
        end = ends[i];
      }
      expect(end).toBe(text.length);
    },
  );

  test('has a probe of the text likelier after it, and as it was after a reset', async () => {
    const session = await opened();
    const probe = { prompt: 'But, soft! what light through yonder window', answer: 'breaks' };
    const [base] = await session.probe([probe]);
    expect(base.tokens).toBeGreaterThan(1);
    const options = { epochs: EPOCHS, learningRates: {}, partialChunk: 'flush', telemetry: true } as const;
    const request = trainRequest({ text: VERSE, options, probes: [probe] });
    const { probes } = await session.train(request, new Recording());
    expect(probes[0].before).toEqual(base);
    expect(probes[0].after.probability).toBeGreaterThan(base.probability);
    session.reset();
    expect(await session.probe([probe])).toEqual([base]);
  });
});
