import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Archive } from '../../engine/archive/archive.ts';
import { convertToSafetensors } from '../../engine/archive/convert.ts';
import { levelMapOf } from '../../engine/archive/levelMap.ts';
import { openArchive } from '../../engine/archive/openArchive.ts';
import { checkpointLogits } from '../../engine/baseline/logits.ts';
import { byteOfCharacter } from '../../engine/checkpoint/byteAlphabet.ts';
import { BaseModel } from '../../engine/model/baseModel.ts';
import { bindParameters } from '../../engine/model/parameters.ts';
import { NO_TOKEN, readLogits } from '../../engine/model/reading.ts';
import { type PublicHope, readPublicHope } from '../../engine/pretrained/publicHope.ts';
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

/** Logits [T, V] before anything is written: the plain forward pass of the other program writes no memory. */
function logitsOf(base: BaseModel, ids: readonly number[]): Float32Array {
  return tf.tidy(() => {
    const parameters = bindParameters(base.config, name => base.tensors.get(name)!);
    const logits = readLogits(parameters, base.config, Int32Array.from(ids), NO_TOKEN);
    return logits.dataSync<'float32'>().slice();
  });
}

function expectLogits({ config, tensors }: PublicHope, name: string): void {
  const { token_ids, ...expected } = expectedOf(name);
  const long = { memory_period: 4096, projections_period: 4096 };
  const base = new BaseModel({ ...config, titans: { ...config.titans, ...long } }, tensors, name);
  const rows: number[] = (expected.logits ?? expected.logits_first_rows).flat();
  const found = logitsOf(base, token_ids).slice(0, rows.length);
  base.dispose();
  expectNear(found, rows, 'logits', { absolute: 2e-5, relative: 0 });
}

/** The same checkpoint as safetensors, as "hopescope convert" makes it, its names with a prefix. @param without left out */
async function converted(path: string, prefix: string, without?: RegExp): Promise<string> {
  const archive = await openArchive(path);
  const renamed = [...archive.tensors.values()]
    .filter(({ name }) => !without?.test(name))
    .map(tensor => ({
      ...tensor,
      name: prefix + tensor.name,
      sameAs: tensor.sameAs && prefix + tensor.sameAs,
    }));
  const made: Archive = {
    ...archive,
    tensors: new Map(renamed.map(tensor => [tensor.name, tensor])),
    read: ({ name, ...tensor }, from, to, into) =>
      archive.read({ ...tensor, name: name.slice(prefix.length) }, from, to, into),
  };
  const to = join(mkdtempSync(join(folder, 'converted-')), 'model.safetensors');
  await convertToSafetensors(made, levelMapOf(made), to);
  await archive.close();
  return to;
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
      {
        heads: 1,
        titans: { memory_period: 16, projections_period: 8, gate_skip: true },
        cms: {
          periods: [1, 4, 16],
          optimizers: new Array(3).fill({ kind: 'projected-momentum', beta: 0.9 }),
        },
        learning_rates: { 'cms.0': 3e-4, 'cms.1': 3e-4, 'cms.2': 3e-4 },
      },
    ],
    ['km_compiled_tiny', { titans: { qk_norm: true }, cms: { periods: [1, 16] } }],
    [
      'km_attention_tiny',
      {
        system: 'hope-attention',
        heads: 4,
        convolution: 4,
        norm: 'post',
        scores: 'normed',
        window: 1024,
        cms: {
          periods: [1, 4, 16],
          optimizers: new Array(3).fill({ kind: 'projected-momentum', beta: 0.9 }),
        },
        learning_rates: { 'cms.0': 3e-4, 'cms.1': 3e-4, 'cms.2': 3e-4 },
      },
    ],
  ])('%s has the logits that came with it, before anything is written', async (name, config) => {
    const path = fixture(name, 'step_000010.pt');
    const found = await readPublicHope(path, name);
    expect(found.config).toMatchObject({ mode: 'km', name, ...config });
    for (const backend of ['cpu', 'wasm'] as const) {
      await openBackend(backend);
      expectLogits(found, name);
      expectLogits(await readPublicHope(await converted(path, ''), name), name);
      expectLogits(await readPublicHope(await converted(path, '_orig_mod.'), name), name);
    }
  });

  test('one that was built without a convolution reads its tokens as they are', async () => {
    const path = await converted(fixture('km_attention_tiny', 'step_000010.pt'), '', /local_conv/);
    const { config, tensors } = await readPublicHope(path, 'bare');
    expect(config.convolution).toBe(1);
    const base = new BaseModel(config, tensors, 'bare');
    const archive = await openArchive(path);
    const ids = [3, 1, 4, 1, 5, 9, 2, 6];
    const { logits } = await checkpointLogits(archive, ids);
    await archive.close();
    expectNear(logitsOf(base, ids), logits.data, 'logits', { absolute: 2e-5, relative: 0 });
    base.dispose();
  });

  test.each([
    [
      'km_selfmod_tiny',
      [
        ['memory', 16],
        ['projections', 8],
      ],
    ],
    ['km_attention_tiny', []],
  ] as const)('%s is trained on a text and reset, the one of the last step', async (name, memories) => {
    const session = new Session({ engine: 'test', backend: 'wasm' });
    const path = trained(name, 28, ['step_000002.pt', 'step_000010.pt']);
    writeFileSync(join(path, 'step_000002.pt'), 'another');
    const info = await session.load(path);
    expect(info.levels.map(({ id, period }) => [id, period])).toEqual([
      ...memories,
      ['cms.0', 1],
      ['cms.1', 4],
      ['cms.2', 16],
      ['cms.0.m', 1],
      ['cms.1.m', 4],
      ['cms.2.m', 16],
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
    ['km_attention_tiny', undefined, /tokenizer\.json: is missing/],
  ])('%s with a tokenizer of %s tokens is refused in words', async (name, size, words) => {
    const path = trained(name, size);
    await expect(OpenModel.read(path)).rejects.toThrow(words);
  });

  test('a folder of safetensors opens, another block variant is refused in words', async () => {
    const path = await converted(fixture('km_attention_tiny', 'step_000010.pt'), '');
    writeFileSync(join(dirname(path), 'tokenizer.json'), tokenizer(28));
    const { base } = await OpenModel.read(dirname(path));
    expect(base.config).toMatchObject({ system: 'hope-attention', mode: 'km' });
    base.dispose();
    // Of the same length, so that the header's length stays true.
    const text = readFileSync(path).toString('latin1').replace('hope_attention', 'hope_hybrid_v2');
    writeFileSync(path, text, 'latin1');
    await expect(OpenModel.read(dirname(path))).rejects.toThrow(
      /block_variant is "hope_hybrid_v2", but must be "hope_selfmod" or "hope_attention": the other variants/,
    );
  });
});
