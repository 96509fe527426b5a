import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openArchive } from '../../engine/archive/openArchive.ts';
import { checkpointLogits } from '../../engine/baseline/logits.ts';
import { bindParameters } from '../../engine/model/parameters.ts';
import { NO_TOKEN, readLogits } from '../../engine/model/reading.ts';
import { OpenModel } from '../../engine/session/openModel.ts';
import { Session } from '../../engine/session/session.ts';
import { openBackend } from '../../engine/tensor/backend.ts';
import { tf } from '../../engine/tensor/tf.ts';
import { CHECKPOINTS } from '../support/checkpoints.ts';
import { expectNear } from '../support/near.ts';

const folder = mkdtempSync(join(tmpdir(), 'hopescope-pretrained-'));
afterAll(() => rmSync(folder, { recursive: true }));

const fixture = (name: string) => join(CHECKPOINTS, name);
const at = (name: string) => join(folder, name);
const TOKENS = [107, 25, 122, 4, 57, 73, 1, 22, 126, 20];

/** A sharded fixture with the tokenizer that it lacks. */
function sharded(name: string): string {
  const path = at(`${name}-sharded`);
  cpSync(join(fixture(name), 'sharded'), path, { recursive: true });
  cpSync(join(fixture(name), 'tokenizer.json'), join(path, 'tokenizer.json'));
  return path;
}

/** A fixture with fields of its config.json replaced. */
function changed(name: string, to: string, fields: object): string {
  const path = at(to);
  cpSync(fixture(name), path, { recursive: true });
  const config = JSON.parse(readFileSync(join(path, 'config.json'), 'utf8'));
  writeFileSync(join(path, 'config.json'), JSON.stringify({ ...config, ...fields }));
  return path;
}

async function logitsOf(path: string, ids: readonly number[]): Promise<Float32Array> {
  const model = await OpenModel.read(path);
  const { base } = model;
  const found = tf.tidy(() => {
    const parameters = bindParameters(base.config, name => base.tensors.get(name)!);
    return readLogits(parameters, base.config, Int32Array.from(ids), NO_TOKEN).dataSync();
  });
  model.dispose();
  return found as Float32Array;
}

describe.each(['cpu', 'wasm'] as const)('folders of Hugging Face on %s', backend => {
  beforeAll(async () => {
    await openBackend(backend);
  });

  test.each(['llama_tiny', 'gpt2_tiny'])('%s has the logits of the program that wrote it', async name => {
    const { token_ids, logits } = JSON.parse(readFileSync(join(fixture(name), 'expected.json'), 'utf8'));
    const near = { absolute: 2e-5, relative: 0 };
    const found = await logitsOf(fixture(name), token_ids);
    expectNear(found, logits.flat(), 'logits', near);
    expect(await logitsOf(sharded(name), token_ids)).toEqual(found);
  });

  test.each([
    { rope_type: 'default', rope_theta: 100 },
    { rope_type: 'linear', factor: 4, rope_theta: 100 },
    { rope_type: 'dynamic', factor: 2, rope_theta: 100 },
    {
      ...{ rope_type: 'llama3', rope_theta: 100, factor: 8, low_freq_factor: 1, high_freq_factor: 4 },
      original_max_position_embeddings: 16,
    },
    { rope_type: 'yarn', factor: 4, rope_theta: 100, original_max_position_embeddings: 16 },
    {
      ...{ rope_type: 'longrope', rope_theta: 100, original_max_position_embeddings: 60 },
      ...{ short_factor: [1, 1.1, 1.3, 1.6, 2, 2.5], long_factor: [2, 3, 4, 5, 6, 7] },
    },
  ])('a Llama with the rotary positions %j is read to nearly its last one', async rotary => {
    const path = changed('llama_tiny', `${rotary.rope_type}-${backend}`, { rope_parameters: rotary });
    const archive = await openArchive(path);
    const ids = Array.from({ length: 60 }, (_, i) => 1 + ((7 * i * i) % 120));
    const { logits } = await checkpointLogits(archive, ids);
    await archive.close();
    expectNear(await logitsOf(path, ids), logits.data, 'logits', { absolute: 4e-5, relative: 0 });
  });
});

describe('a Llama and a GPT-2 in a session', () => {
  beforeAll(async () => {
    await openBackend('wasm');
  });

  test.each(['llama_tiny', 'gpt2_tiny'])(
    '%s is probed, trained on a text longer than its positions, reset',
    async name => {
      const session = new Session({ engine: 'test', backend: 'wasm' });
      const info = await session.load(fixture(name));
      expect(info).toMatchObject({ name, levels: [{ id: 'cms.0', period: 64 }, { id: 'outer' }], tick: 64 });
      const probe = { prompt: 'The little boat', answer: 'bar' };
      const [before] = await session.probe([probe]);
      const text = 'the little boat bar '.repeat(12);
      const first = await session.evaluate(text, () => false);
      const updates: number[] = [];
      const hooks = {
        cancelled: () => false,
        onTokens: () => {},
        onUpdate: async ({ loss }: { loss: number }) => void updates.push(loss),
        onProgress: () => {},
      };
      const options = { epochs: 3, learningRates: {}, partialChunk: 'flush', telemetry: true } as const;
      const request = { runId: 'one', text, title: 'text', options, probes: [] };
      const result = await session.train(request, hooks);
      expect(result.tokens).toBeGreaterThan(64);
      expect(updates.length).toBe(Math.ceil((3 * result.tokens) / 64));
      const after = await session.evaluate(text, () => false);
      expect(after.loss, JSON.stringify([first, after])).toBeLessThan(first.loss);
      session.reset();
      expect(await session.probe([probe])).toEqual([before]);
      session.dispose();
    },
  );

  test.each([
    ['llama_tiny/sharded', /tokenizer\.json: is missing, and without it no text becomes tokens/],
    ['gpt2_tiny/sharded', /tokenizer\.json: is missing/],
  ])('%s is refused', async (name, words) => {
    await expect(OpenModel.read(fixture(name))).rejects.toThrow(words);
  });

  test.each([
    [{ rope_parameters: { rope_type: 'spiral' } }, /rotary positions are of type "spiral", which is not/],
    [{ rope_parameters: { rope_type: 'llama3', factor: 8 } }, /rope_parameters\.low_freq_factor is missing/],
    [
      { rope_parameters: { rope_type: 'longrope', short_factor: [1, 1, 1, 1, 1, 1], long_factor: [1] } },
      /rope_parameters\.long_factor is a list of 1, but must be a list of 6 numbers greater than 0/,
    ],
    [{ rope_parameters: null, rope_scaling: { type: 'linear' } }, /rope_scaling\.factor is missing/],
    [{ partial_rotary_factor: 0.5 }, /partial_rotary_factor is 0\.5, but must be 1/],
    [{ head_dim: 16 }, /head_dim is 16, but must be hidden_size \/ num_attention_heads, 12/],
    [{ model_type: 'bert' }, /model_type is "bert", but must be one of "hope", "llama", "gpt2"/],
    [{ hidden_act: 'gelu' }, /hidden_act is "gelu", but must be "silu"/],
    [{ mlp_bias: true }, /mlp_bias is true, but must be false/],
    [{ intermediate_size: 95 }, /mlp\.gate_proj\.weight has shape \[96,48\], config wants \[95,48\]/],
    [{ num_hidden_layers: 4 }, /layers\.3\.input_layernorm\.weight is missing/],
    [{ vocab_size: 100 }, /has 128 tokens, but the model of config\.json knows only 100/],
  ])('a config with %j is refused in words', async (fields, words) => {
    await expect(OpenModel.read(changed('llama_tiny', 'refused', fields))).rejects.toThrow(words);
  });

  test('weights that changed are another base checkpoint', async () => {
    const model = await OpenModel.read(fixture('llama_tiny'));
    const shards = await OpenModel.read(sharded('llama_tiny'));
    expect(model.modelHash).toMatch(/^[0-9a-f]{64}$/);
    expect(shards.modelHash).not.toBe(model.modelHash);
    model.dispose();
    shards.dispose();
  });

  test('what is left is what there was', async () => {
    const before = tf.memory().numTensors;
    expect(await logitsOf(fixture('llama_tiny'), TOKENS)).toHaveLength(10 * 128);
    expect(tf.memory().numTensors).toBe(before);
  });
});
