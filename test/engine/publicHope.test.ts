import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { byteOfCharacter } from '../../engine/checkpoint/byteAlphabet.ts';
import { BaseModel } from '../../engine/model/baseModel.ts';
import { bindParameters } from '../../engine/model/parameters.ts';
import { NO_TOKEN, readLogits } from '../../engine/model/reading.ts';
import { readPublicHope } from '../../engine/pretrained/publicHope.ts';
import { OpenModel } from '../../engine/session/openModel.ts';
import { Session } from '../../engine/session/session.ts';
import { openBackend } from '../../engine/tensor/backend.ts';
import { tf } from '../../engine/tensor/tf.ts';
import { CHECKPOINTS } from '../support/checkpoints.ts';
import { expectNear } from '../support/near.ts';

const folder = mkdtempSync(join(tmpdir(), 'hopescope-public-hope-'));
afterAll(() => rmSync(folder, { recursive: true }));
beforeAll(async () => {
  await openBackend('wasm');
});

const fixture = (...parts: string[]) => join(CHECKPOINTS, ...parts);
const expectedOf = (name: string) => JSON.parse(readFileSync(fixture(name, 'expected.json'), 'utf8'));

/** A tokenizer of some lower-case letters, as many tokens as the fixtures' vocabularies have room for. */
function tokenizer(size: number): string {
  const letters = [...byteOfCharacter.keys()].filter(letter => /[a-zĠ.]/.test(letter)).slice(0, size - 1);
  return JSON.stringify({
    added_tokens: [{ id: 0, content: '<|endoftext|>', special: true }],
    normalizer: null,
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, use_regex: true },
    model: {
      type: 'BPE',
      vocab: Object.fromEntries(letters.map((letter, i) => [letter, i + 1])),
      merges: [],
    },
  });
}

/** A folder as the trainer leaves it, with a tokenizer where there is one. */
function trained(name: string, size?: number, steps = ['step_000010.pt']): string {
  const path = join(folder, `${name}-${steps.length}-${size}`);
  mkdirSync(path, { recursive: true });
  for (const step of steps) copyFileSync(fixture(name, 'step_000010.pt'), join(path, step));
  if (size !== undefined) writeFileSync(join(path, 'tokenizer.json'), tokenizer(size));
  return path;
}

describe('a checkpoint of the public Hope in the engine', () => {
  test.each([
    [
      'km_selfmod_tiny',
      { periods: [1, 4, 16] },
      { memory_period: 16, projections_period: 8, gate_skip: true },
    ],
    ['km_compiled_tiny', { periods: [1, 16] }, { qk_norm: true }],
  ])(
    '%s has the logits of the program that wrote it, before anything is written',
    async (name, cms, titans) => {
      const { token_ids, ...expected } = expectedOf(name);
      const { config, tensors } = await readPublicHope(fixture(name, 'step_000010.pt'), name);
      expect(config).toMatchObject({ mode: 'km', name, cms, titans });
      // Its plain forward pass writes no memory.
      const long = { memory_period: 4096, projections_period: 4096 };
      const base = new BaseModel({ ...config, titans: { ...config.titans, ...long } }, tensors, name);
      const found = tf.tidy(() => {
        const parameters = bindParameters(base.config, tensor => base.tensors.get(tensor)!);
        return readLogits(parameters, base.config, Int32Array.from(token_ids), NO_TOKEN).dataSync();
      });
      base.dispose();
      const rows: number[] = (expected.logits ?? expected.logits_first_rows).flat();
      expectNear(found.slice(0, rows.length), rows, 'logits', { absolute: 2e-5, relative: 0 });
    },
  );

  test('is trained on a text and reset, the one of the last step', async () => {
    const session = new Session({ engine: 'test', backend: 'wasm' });
    const path = trained('km_selfmod_tiny', 28, ['step_000002.pt', 'step_000010.pt']);
    writeFileSync(join(path, 'step_000002.pt'), 'another');
    const info = await session.load(path);
    expect(info.levels.map(({ id, period }) => [id, period])).toEqual([
      ['memory', 16],
      ['projections', 8],
      ['cms.0', 1],
      ['cms.1', 4],
      ['cms.2', 16],
      ['outer', 0],
    ]);
    const text = 'mira was born in lisbon. '.repeat(8);
    const before = await session.evaluate(text, () => false);
    const hooks = {
      cancelled: () => false,
      onTokens: () => {},
      onUpdate: async () => {},
      onProgress: () => {},
    };
    const learningRates = { 'cms.0': 0.01, 'cms.1': 0.01, 'cms.2': 0.01 };
    const options = { epochs: 2, learningRates, partialChunk: 'flush', telemetry: true } as const;
    await session.train({ runId: 'one', text, title: 'text', options, probes: [] }, hooks);
    const after = await session.evaluate(text, () => false);
    expect(after.loss, JSON.stringify([before, after])).toBeLessThan(before.loss);
    session.reset();
    expect(await session.evaluate(text, () => false)).toEqual(before);
    session.dispose();
  });

  test.each([
    ['km_selfmod_tiny', undefined, /tokenizer\.json: is missing/],
    ['km_attention_tiny', 28, /block_variant is "hope_attention", but must be "hope_selfmod"/],
  ])('%s with a tokenizer of %s tokens is refused in words', async (name, size, words) => {
    const path = trained(name, size);
    await expect(OpenModel.read(path)).rejects.toThrow(words);
  });
});
