import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { addLevels } from '../../engine/pretrained/addLevels.ts';
import { OpenModel } from '../../engine/session/openModel.ts';
import { Session } from '../../engine/session/session.ts';
import { openBackend } from '../../engine/tensor/backend.ts';
import { CHECKPOINTS } from '../support/checkpoints.ts';
import { runCli, runJson } from '../support/cli.ts';
import { expectNear, expectSameBits } from '../support/near.ts';
import { logitsOf } from '../support/pretrainedModels.ts';
import { makeTinyModel } from '../support/tinyModel.ts';

const folder = mkdtempSync(join(tmpdir(), 'hopescope-levels-'));
afterAll(() => rmSync(folder, { recursive: true }));
const fixture = (name: string) => join(CHECKPOINTS, name);
const at = (name: string) => join(folder, name);
const TEXT = 'the little boat bar '.repeat(8);

const hooks = {
  cancelled: () => false,
  onTokens: () => {},
  onUpdate: async () => {},
  onProgress: () => {},
};

async function train(session: Session, learningRates: Record<string, number>) {
  const options = { epochs: 2, learningRates, partialChunk: 'flush', telemetry: true } as const;
  return session.train({ runId: 'one', text: TEXT, title: 'text', options, probes: [] }, hooks);
}

describe.each(['llama_tiny', 'gpt2_tiny'])('levels added to %s', name => {
  const made = at(name);
  const ids = JSON.parse(readFileSync(join(fixture(name), 'expected.json'), 'utf8')).token_ids as number[];
  beforeAll(async () => {
    await openBackend('wasm');
    await addLevels({ source: fixture(name), target: made, periods: [4, 8, 16] });
  });

  test('leave the logits what they were, bit for bit, also after a training at rate 0', async () => {
    const before = await OpenModel.read(fixture(name));
    const after = await OpenModel.read(made);
    expect(after.info.levels).toEqual([
      { id: 'cms.0', period: 4 },
      { id: 'cms.1', period: 8 },
      { id: 'cms.2', period: 16 },
      { id: 'outer', period: 0 },
    ]);
    const expected = await logitsOf(before, ids);
    expectSameBits(await logitsOf(after, ids), expected, 'logits');
    const session = new Session({ engine: 'test', backend: 'wasm' });
    await session.load(made);
    const plain = new Session({ engine: 'test', backend: 'wasm' });
    await plain.load(fixture(name));
    const rates = { 'cms.0': 0, 'cms.1': 0, 'cms.2': 0 };
    const { levels } = await train(session, rates);
    expect(levels.map(({ drift }) => drift)).toEqual([0, 0, 0]);
    expect(await session.evaluate(TEXT, () => false)).toEqual(await plain.evaluate(TEXT, () => false));
    for (const each of [session, plain, before, after]) each.dispose();
  });

  test('are all trained on a text, each at its period, and what they learn lowers its surprise', async () => {
    const session = new Session({ engine: 'test', backend: 'wasm' });
    await session.load(made);
    const first = await session.evaluate(TEXT, () => false);
    const { levels, tokens } = await train(session, {});
    for (const { drift, updates, period, id } of levels) {
      expect(drift, id).toBeGreaterThan(0);
      expect(updates, id).toBe(Math.ceil((2 * tokens) / period));
    }
    const last = await session.evaluate(TEXT, () => false);
    expect(last.loss).toBeLessThan(first.loss - 0.1);
    session.dispose();
  });

  test('stand beside one another in the file: new ones with the first matrices of the pre-trained one', async () => {
    const before = await OpenModel.read(fixture(name));
    const after = await OpenModel.read(made);
    for (const [tensor, values] of before.base.tensors) {
      const [, at, part] = /^(blocks\.\d+\.cms)\.0\.(.+)$/.exec(tensor) ?? [];
      const theirs = (of: string) => after.base.tensors.get(of)!.dataSync();
      if (!at) {
        expect(theirs(tensor), tensor).toEqual(values.dataSync());
        continue;
      }
      expect(theirs(`${at}.2.${part}`), part).toEqual(values.dataSync());
      for (const level of [0, 1]) {
        const wanted = part.startsWith('contract.') ? values.dataSync().map(() => 0) : values.dataSync();
        expect(theirs(`${at}.${level}.${part}`), part).toEqual(wanted);
      }
    }
    before.dispose();
    after.dispose();
  });
});

describe('no levels are added', () => {
  const source = fixture('llama_tiny');
  test.each([
    ['of one period', { source, periods: [16] }, /needs at least 2 periods, not 1/],
    ['of periods that shrink', { source, periods: [16, 8] }, /strictly growing \(16 is followed by 8\)/],
    [
      'of no whole period',
      { source, periods: [0.5, 8] },
      /cms\.periods\[0\] is 0\.5, but must be a whole number/,
    ],
    ['twice', { source: at('llama_tiny'), periods: [8, 16] }, /has 3 levels already/],
    ['without a tokenizer', { source: fixture('llama_tiny/sharded'), periods: [8, 16] }, /tokenizer\.json/],
  ])('%s', async (_, options, words) => {
    await expect(addLevels({ ...options, target: at('refused') })).rejects.toThrow(words);
    expect(readdirSync(folder).filter(name => name.includes('refused'))).toEqual([]);
  });

  test('to a Hope, over a folder, or when cancelled; nothing is left behind', async () => {
    await makeTinyModel(at('hope'));
    const periods = [8, 16];
    const hope = addLevels({ source: at('hope'), target: at('refused'), periods });
    await expect(hope).rejects.toThrow(/is a model of the system hope, to which no levels are added/);
    mkdirSync(at('there'));
    await expect(addLevels({ source, target: at('there'), periods })).rejects.toThrow(/exists and is not/);
    let asked = 0;
    const cancelled = () => asked++ > 0;
    await expect(addLevels({ source, target: at('refused'), periods, cancelled })).rejects.toThrow(
      /cancelled/,
    );
    expect(asked).toBe(2);
    expect(readdirSync(folder).filter(name => name.includes('refused'))).toEqual([]);
  });
});

test('the command line adds levels, and the new model has the logits of the fixture', async () => {
  const copy = at('from-shards');
  cpSync(fixture('llama_tiny/sharded'), copy, { recursive: true });
  writeFileSync(join(copy, 'tokenizer.json'), readFileSync(join(fixture('llama_tiny'), 'tokenizer.json')));
  const made = at('by-command');
  const found = await runJson<{ levels: { id: string; period: number }[] }>([
    ...['add-levels', copy, made, '--periods', '16, 64'],
  ]);
  expect(found.levels.slice(0, 2)).toEqual([
    { id: 'cms.0', period: 16 },
    { id: 'cms.1', period: 64 },
  ]);
  const { token_ids, logits } = JSON.parse(
    readFileSync(join(fixture('llama_tiny'), 'expected.json'), 'utf8'),
  ) as {
    token_ids: number[];
    logits: number[][];
  };
  const own = await runJson<{ logits: number[][] }>(['logits', made, '--tokens', token_ids.join()]);
  expectNear(own.logits.flat(), logits.flat(), 'logits', { absolute: 2e-5, relative: 0 });
  const again = await runCli(['add-levels', copy, made, '--periods', '16,64']);
  expect([again.code, again.stderr]).toEqual([1, expect.stringMatching(/exists and is not overwritten/)]);
  expect((await runCli(['add-levels', copy, at('x'), '--periods', '16,y'])).stderr).toMatch(
    /whole numbers of tokens/,
  );
  expect(existsSync(at('x'))).toBe(false);
});
