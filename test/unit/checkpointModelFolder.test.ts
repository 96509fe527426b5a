import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CheckpointError } from '../../engine/checkpoint/checkpointError.ts';
import type { HopeConfig } from '../../engine/checkpoint/config.ts';
import { readModelFolder, writeModelFolder } from '../../engine/checkpoint/modelFolder.ts';
import { writeSafetensors } from '../../engine/checkpoint/safetensors.ts';

const fixtures = join(import.meta.dirname, '../fixtures');
const tokenizerJson = JSON.parse(await readFile(join(fixtures, 'tokenizer/tokenizer_full.json'), 'utf8'));
const config: HopeConfig = {
  model_type: 'hope',
  format: 1,
  name: 'Tiny',
  vocabulary: 384,
  width: 8,
  blocks: 1,
  heads: 2,
  convolution: 4,
  titans: {
    memory_period: 4,
    projections_period: 8,
    eta_scale: 0.1,
    eta_bias: -2,
    eta_ceiling: 0.5,
    gradient_ceiling: 1,
    alpha_bias: 4,
    qk_norm: true,
  },
  cms: { periods: [16, 64, 256], hidden_multiplier: 2 },
  learning_rates: { 'cms.0': 0.01 },
};
const tensors = [
  { name: 'embedding', shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) },
  { name: 'norm', shape: [2], data: Float32Array.of(1, 1) },
];

let root: string;
let folder: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'model-'));
  folder = join(root, 'deep', 'model');
  await writeModelFolder(folder, { config, tokenizerJson, tensors, metadata: { step: '12' } });
});
afterEach(() => rm(root, { recursive: true }));

const faultOf = async (path = folder) =>
  readModelFolder(path).then(
    () => undefined,
    (error: unknown) => error,
  );

test('reads back what was written, and writes it again', async () => {
  const model = await readModelFolder(folder);
  expect(model.config).toEqual(config);
  expect([...model.tensors.values()]).toEqual(tensors.map(tensor => ({ ...tensor, dtype: 'F32' })));
  expect(model.metadata).toEqual({ step: '12' });
  expect(model.tokenizer.decode(model.tokenizer.encode('The river').ids)).toBe('The river');
  expect((await readdir(folder)).sort()).toEqual(['config.json', 'model.safetensors', 'tokenizer.json']);

  const copy = join(root, 'copy');
  await writeModelFolder(copy, {
    ...model,
    tokenizerJson: model.tokenizer.json,
    tensors: model.tensors.values(),
  });
  for (const name of await readdir(folder)) {
    expect(await readFile(join(copy, name))).toEqual(await readFile(join(folder, name)));
  }
});

describe('missing', () => {
  test('the folder', async () => {
    const path = join(root, 'none');
    expect(await faultOf(path)).toMatchObject({
      path,
      message: `${path}: the model folder cannot be opened: it does not exist`,
    });
  });

  test('a file in place of the folder', async () => {
    expect(await faultOf(join(folder, 'config.json'))).toMatchObject({
      message: expect.stringMatching(/not a folder/),
    });
  });

  test.each(['config.json', 'tokenizer.json', 'model.safetensors'])('%s', async name => {
    await rm(join(folder, name));
    const error = await faultOf();
    expect(error).toBeInstanceOf(CheckpointError);
    expect(error).toMatchObject({
      path: join(folder, name),
      message: expect.stringMatching(/does not exist/),
    });
    await mkdir(join(folder, name));
    expect(await faultOf()).toMatchObject({ message: expect.stringMatching(/not a file/) });
  });
});

describe('damaged', () => {
  test.each([
    ['config.json', '', /is not valid JSON/],
    ['config.json', '{"model_type":"hope"', /is not valid JSON/],
    ['config.json', '<html>', /is not valid JSON/],
    ['config.json', '{"name":"a","name":"b"}', /"name" occurs twice/],
    ['config.json', '['.repeat(100_000), /nested deeper than 64/],
    ['config.json', Buffer.from([0xff, 0xfe]), /not UTF-8/],
    ['config.json', '{"model_type":"llama"}', /model_type is "llama", but must be "hope"/],
    ['config.json', JSON.stringify({ ...config, vocabulary: 383 }), /has 384 tokens, but .* knows only 383/],
    ['tokenizer.json', '[]', /the file is a list of 0, but must be a JSON object/],
    ['tokenizer.json', '{"model":{}}', /pre_tokenizer is missing/],
    ['model.safetensors', 'version https://git-lfs.github.com/spec/v1', /header should have/],
  ])('%s = %.40s', async (name, contents, fault) => {
    await writeFile(join(folder, name), contents);
    const error = await faultOf();
    expect(error).toBeInstanceOf(CheckpointError);
    expect(error).toMatchObject({ message: expect.stringMatching(fault) });
  });

  test.each([Number.NaN, Infinity, -Infinity])('a weight that is %d', async value => {
    const broken = { name: 'norm', shape: [2], data: Float32Array.of(1, value) };
    await writeSafetensors(join(folder, 'model.safetensors'), [tensors[0]!, broken]);
    expect(await faultOf()).toMatchObject({
      message: expect.stringContaining(`tensor "norm": value 1 of 2 is ${value}, not a finite`),
    });
  });
});

test('what could not be read back is refused and changes nothing', async () => {
  const before = await readFile(join(folder, 'model.safetensors'));
  const model = { config, tokenizerJson, tensors: [] };
  await expect(writeModelFolder(folder, { ...model, config: { ...config, heads: 3 } })).rejects.toThrow(
    /multiple/,
  );
  await expect(writeModelFolder(folder, { ...model, tokenizerJson: {} })).rejects.toThrow(/pre_tokenizer/);
  await expect(writeModelFolder(join(folder, 'config.json'), model)).rejects.toThrow(CheckpointError);
  expect(await readFile(join(folder, 'model.safetensors'))).toEqual(before);
});
