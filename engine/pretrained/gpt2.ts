import { parseConfig } from '../checkpoint/config.ts';
import type { FieldReader } from '../checkpoint/fieldReader.ts';
import { present } from '../checkpoint/titansConfig.ts';
import { type PretrainedModel, pretrainedConfig } from './pretrainedModel.ts';
import type { Source, WeightSource } from './weightSource.ts';

/**
 * A GPT-2 as Hugging Face writes it: learned positions, biases, matrices [in, out], q, k and v side by side in one.
 * @throws CheckpointError naming a field that is missing or that a model of ours cannot have
 */
export function gpt2Model(
  fields: FieldReader,
  weights: WeightSource,
  path: string,
  name: string,
): PretrainedModel {
  const width = fields.integer('n_embd', 1, 2 ** 16);
  const positions = fields.integer('n_positions', 1, 2 ** 24);
  const hidden = fields.value('n_inner') == null ? 4 * width : fields.integer('n_inner', 1, 2 ** 22);
  fields.constant('activation_function', 'gelu_new');
  if (fields.value('scale_attn_weights') === false) throw fields.faultOf('scale_attn_weights', 'true');
  if (fields.value('scale_attn_by_inverse_layer_idx') === true) {
    throw fields.faultOf('scale_attn_by_inverse_layer_idx', 'false');
  }
  const ownHead = fields.value('tie_word_embeddings') === false && weights.has('lm_head.weight');
  const json = pretrainedConfig({
    system: 'gpt-2',
    name,
    vocabulary: fields.integer('vocab_size', 1, 2 ** 24),
    width,
    hidden,
    blocks: fields.integer('n_layer', 1, 1024),
    heads: fields.integer('n_head', 1, 2 ** 16),
    window: positions,
    transformer: present({
      epsilon: fields.positive('layer_norm_epsilon'),
      positions,
      own_head: ownHead || undefined,
    }),
  });
  const config = parseConfig(json, path);
  const { blocks, vocabulary } = config;
  const norm = (to: string, from: string): [string, Source][] =>
    ['weight', 'bias'].map(part => [`${to}.${part}`, { from: `${from}.${part}`, shape: [width] }]);
  /** Columns `first` to `first + out` of a matrix with `all`, and its bias. */
  const linear = (
    to: string,
    from: string,
    [out, inner]: readonly [number, number],
    columns = { first: 0, all: out },
  ): [string, Source][] => [
    [`${to}.weight`, { from: `${from}.weight`, shape: [out, inner], columns }],
    [`${to}.bias`, { from: `${from}.bias`, shape: [out], columns }],
  ];
  const block = (b: number): [string, Source][] => {
    const [to, at] = [`blocks.${b}`, `h.${b}`];
    return [
      ...norm(`${to}.norm`, `${at}.ln_1`),
      ...['w_q', 'w_k', 'w_v'].flatMap((projection, part) =>
        linear(`${to}.mixer.${projection}`, `${at}.attn.c_attn`, [width, width], {
          first: part * width,
          all: 3 * width,
        }),
      ),
      ...linear(`${to}.mixer.w_o`, `${at}.attn.c_proj`, [width, width]),
      ...norm(`${to}.cms.0.norm`, `${at}.ln_2`),
      ...linear(`${to}.cms.0.expand`, `${at}.mlp.c_fc`, [hidden, width]),
      ...linear(`${to}.cms.0.contract`, `${at}.mlp.c_proj`, [width, hidden]),
    ];
  };
  return {
    config,
    sources: new Map([
      ['embed.weight', { from: 'wte.weight', shape: [vocabulary, width] }],
      ['positions.weight', { from: 'wpe.weight', shape: [positions, width] }],
      ...Array.from({ length: blocks }, (_, b) => block(b)).flat(),
      ...norm('norm', 'ln_f'),
      ...(ownHead
        ? ([['lm_head.weight', { from: 'lm_head.weight', shape: [vocabulary, width] }]] as const)
        : []),
    ]),
  };
}
