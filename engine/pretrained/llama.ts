import { rotaryPositions } from '../baseline/rotaryPositions.ts';
import { parseConfig } from '../checkpoint/config.ts';
import type { FieldReader } from '../checkpoint/fieldReader.ts';
import type { RotaryScaling } from '../checkpoint/rotaryScaling.ts';
import { present } from '../checkpoint/titansConfig.ts';
import { type PretrainedModel, pretrainedConfig } from './pretrainedModel.ts';
import type { Source, WeightSource } from './weightSource.ts';

/**
 * A Llama as Hugging Face writes it: rotary positions, grouped queries, SwiGLU.
 * @throws CheckpointError naming a field that is missing or that a model of ours cannot have
 */
export function llamaModel(
  fields: FieldReader,
  weights: WeightSource,
  path: string,
  name: string,
): PretrainedModel {
  const width = fields.integer('hidden_size', 1, 2 ** 16);
  const heads = fields.integer('num_attention_heads', 1, 2 ** 16);
  const given = (field: string) => fields.value(field) != null;
  const keyHeads = given('num_key_value_heads') ? fields.integer('num_key_value_heads', 1, heads) : heads;
  if (given('head_dim') && fields.value('head_dim') !== width / heads) {
    throw fields.faultOf('head_dim', `hidden_size / num_attention_heads, ${width / heads}`);
  }
  if (fields.value('mlp_bias') === true) throw fields.faultOf('mlp_bias', 'false');
  fields.constant('hidden_act', 'silu');
  const ownHead = fields.value('tie_word_embeddings') !== true && weights.has('lm_head.weight');
  const biased = weights.has('layers.0.self_attn.q_proj.bias');
  const hidden = fields.integer('intermediate_size', 1, 2 ** 22);
  const { base, scaling } = rotaryPositions(fields, path, width / heads);
  const json = pretrainedConfig({
    system: 'llama',
    name,
    vocabulary: fields.integer('vocab_size', 1, 2 ** 24),
    width,
    hidden,
    blocks: fields.integer('num_hidden_layers', 1, 1024),
    heads,
    window: windowOf(fields, scaling),
    transformer: present({
      epsilon: fields.positive('rms_norm_eps'),
      rotary_base: base,
      rotary_scaling: scaling,
      key_heads: keyHeads === heads ? undefined : keyHeads,
      own_head: ownHead || undefined,
      attention_bias: biased || undefined,
    }),
  });
  const config = parseConfig(json, path);
  const { blocks, vocabulary } = config;
  const shared = (width / heads) * keyHeads;
  const block = (b: number): [string, Source][] => {
    const [to, at] = [`blocks.${b}`, `layers.${b}`];
    const weight = (name: string, from: string, ...shape: number[]): [string, Source] => [
      `${to}.${name}`,
      { from: `${at}.${from}`, shape },
    ];
    const projections = [
      ['w_q', 'q_proj', width],
      ['w_k', 'k_proj', shared],
      ['w_v', 'v_proj', shared],
    ] as const;
    return [
      weight('norm.weight', 'input_layernorm.weight', width),
      ...projections.map(([ours, theirs, rows]) =>
        weight(`mixer.${ours}.weight`, `self_attn.${theirs}.weight`, rows, width),
      ),
      ...(biased ? projections : []).map(([ours, theirs, rows]) =>
        weight(`mixer.${ours}.bias`, `self_attn.${theirs}.bias`, rows),
      ),
      weight('mixer.w_o.weight', 'self_attn.o_proj.weight', width, width),
      weight('cms.0.norm.weight', 'post_attention_layernorm.weight', width),
      weight('cms.0.gate.weight', 'mlp.gate_proj.weight', hidden, width),
      weight('cms.0.expand.weight', 'mlp.up_proj.weight', hidden, width),
      weight('cms.0.contract.weight', 'mlp.down_proj.weight', width, hidden),
    ];
  };
  return {
    config,
    sources: new Map([
      ['embed.weight', { from: 'embed_tokens.weight', shape: [vocabulary, width] }],
      ...Array.from({ length: blocks }, (_, b) => block(b)).flat(),
      ['norm.weight', { from: 'norm.weight', shape: [width] }],
      ...(ownHead
        ? ([['lm_head.weight', { from: 'lm_head.weight', shape: [vocabulary, width] }]] as const)
        : []),
    ]),
  };
}

/** Positions that a model was trained on; as far as its positions are those of short texts, where it has two kinds. */
function windowOf(fields: FieldReader, scaling: RotaryScaling | undefined): number {
  const most = fields.integer('max_position_embeddings', 1, 2 ** 30);
  return scaling?.kind === 'longrope' ? (scaling.original_max_position_embeddings ?? most) : most;
}
