import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { CheckpointError } from '../../engine/checkpoint/checkpointError.ts';
import type { HopeConfig } from '../../engine/checkpoint/config.ts';
import { kmWeights } from '../../engine/checkpoint/kmWeights.ts';
import { readSafetensors } from '../../engine/checkpoint/safetensors.ts';
import { BaseModel } from '../../engine/model/baseModel.ts';
import { bindParameters } from '../../engine/model/parameters.ts';
import { readLogits } from '../../engine/model/reading.ts';
import { openBackend } from '../../engine/tensor/backend.ts';
import { expectNear } from '../support/near.ts';

const at = (name: string) => fileURLToPath(new URL(`../fixtures/km/${name}`, import.meta.url));
const expected = JSON.parse(readFileSync(at('compiled_expected.json'), 'utf8'));
const LEVELS = ['cms_fast', 'cms_slow'];
const NO_DOCUMENT = -1;

/** Chunks longer than the text: the plain forward pass of the other implementation writes nothing. */
const CONFIG: HopeConfig = {
  model_type: 'hope',
  format: 1,
  name: 'km',
  mode: 'km',
  vocabulary: 32,
  width: 16,
  blocks: 1,
  heads: 1,
  convolution: 4,
  titans: {
    memory_period: 64,
    projections_period: 64,
    eta_scale: 1e-3,
    eta_bias: 0,
    eta_ceiling: 1,
    gradient_ceiling: 1e6,
    alpha_bias: 0,
    qk_norm: true,
  },
  cms: { periods: [1, 16], hidden_multiplier: 4 },
  learning_rates: {},
};

describe.each(['cpu', 'wasm'] as const)(
  'G12: a checkpoint of the public re-implementation on %s',
  backend => {
    beforeAll(async () => {
      await openBackend(backend);
    });

    test('has the logits that it has there, through the prefix of a compiled model', async () => {
      const { tensors } = await readSafetensors(at('compiled.safetensors'));
      expect([...tensors.keys()].every(name => name.startsWith('_orig_mod.'))).toBe(true);
      const base = new BaseModel(CONFIG, kmWeights(tensors, 'hope_selfmod', LEVELS, 'km'), 'km');
      const parameters = bindParameters(CONFIG, name => base.tensors.get(name)!);
      const logits = readLogits(parameters, CONFIG, Int32Array.from(expected.token_ids), NO_DOCUMENT);
      expect(logits.shape).toEqual(expected.logits_shape);
      const values = logits.dataSync<'float32'>();
      const rows: number[] = expected.logits_first_rows.flat();
      expectNear(values.slice(0, rows.length), rows, 'logits', { absolute: 1e-5, relative: 1e-5 });
      const total = values.reduce((sum, x) => sum + Math.abs(x), 0);
      expect(Math.abs(total / expected.logits_abs_sum - 1), 'Σ |logits|').toBeLessThan(1e-6);
      logits.dispose();
      base.dispose();
    });
  },
);

test('what mode km has no place for is refused by name, a skip of the gates has one', async () => {
  const { tensors } = await readSafetensors(at('compiled.safetensors'));
  const first = tensors.values().next().value!;
  const attention = new Map([...tensors, ['blocks.0.attn.qkv.weight', first]]);
  expect(() => kmWeights(attention, 'hope_selfmod', LEVELS, 'x.pt')).toThrow(CheckpointError);
  expect(() => kmWeights(attention, 'hope_selfmod', LEVELS, 'x.pt')).toThrow(
    'blocks.0.attn.qkv.weight has no place in a model of mode km, hope_selfmod',
  );
  expect(() => kmWeights(tensors, 'hope_selfmod', ['cms_fast'], 'x.pt')).toThrow(
    'cms_slow.net.0.weight has no place',
  );
  expect(() => kmWeights(tensors, 'hope_attention', LEVELS, 'x.pt')).toThrow(/\.selfmod\..* has no place/);
  const skip = new Map([...tensors, ['blocks.0.selfmod.m_eta.w_skip.weight', first]]);
  expect([...kmWeights(skip, 'hope_selfmod', LEVELS, 'x.pt').keys()]).toContain(
    'blocks.0.selfmod.m_eta.skip',
  );
});
