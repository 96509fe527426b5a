import type { Archive } from '../archive/archive.ts';
import { CheckpointError } from '../checkpoint/checkpointError.ts';
import { rotaryFrequencies } from '../checkpoint/rotaryScaling.ts';
import { attention, rotate } from './attention.ts';
import { rotaryPositions } from './rotaryPositions.ts';
import { add, linear, map, type Rows, rmsNorm, rows, silu } from './rows.ts';
import { Weights } from './weights.ts';

/** Logits [T, V] of a Llama as Hugging Face writes it, in float64, a layer in memory at a time. */
export async function llamaLogits(archive: Archive, ids: readonly number[]): Promise<Rows> {
  const weights = new Weights(archive, 'model.');
  const { config } = weights;
  const width = config.integer('hidden_size', 1, 2 ** 20);
  const layers = config.integer('num_hidden_layers', 1, 4096);
  const heads = config.integer('num_attention_heads', 1, 4096);
  const groups =
    config.value('num_key_value_heads') == null ? heads : config.integer('num_key_value_heads', 1, heads);
  const size = config.value('head_dim') == null ? width / heads : config.integer('head_dim', 2, 2 ** 16);
  const epsilon = config.positive('rms_norm_eps');
  const { base, scaling } = rotaryPositions(config, archive.path, size);
  const rotary = rotaryFrequencies(size, base, scaling, ids.length);
  config.constant('hidden_act', 'silu');
  let x = await weights.embed('embed_tokens.weight', ids, width);
  for (let layer = 0; layer < layers; layer++) {
    const at = `layers.${layer}`;
    const project = async (input: Rows, name: string) =>
      linear(input, await weights.get(`${at}.${name}.weight`), await weights.optional(`${at}.${name}.bias`));
    const a = rmsNorm(x, await weights.get(`${at}.input_layernorm.weight`, [width]), epsilon);
    const q = rotate(await project(a, 'self_attn.q_proj'), rotary);
    const k = rotate(await project(a, 'self_attn.k_proj'), rotary);
    const v = await project(a, 'self_attn.v_proj');
    if (q.width !== heads * size || k.width !== groups * size || heads % groups !== 0) {
      throw new CheckpointError(`the heads of layer ${layer} are not those of its config`, archive.path);
    }
    x = add(x, await project(attention(q, k, v, heads, groups), 'self_attn.o_proj'));
    const m = rmsNorm(x, await weights.get(`${at}.post_attention_layernorm.weight`, [width]), epsilon);
    const gate = map(await project(m, 'mlp.gate_proj'), silu);
    const up = await project(m, 'mlp.up_proj');
    const inner = rows(gate.count, gate.width);
    for (let i = 0; i < inner.data.length; i++) inner.data[i] = gate.data[i] * up.data[i];
    x = add(x, await project(inner, 'mlp.down_proj'));
  }
  const head = (await weights.optional('lm_head.weight')) ?? (await weights.get('embed_tokens.weight'));
  return linear(rmsNorm(x, await weights.get('norm.weight', [width]), epsilon), head);
}
