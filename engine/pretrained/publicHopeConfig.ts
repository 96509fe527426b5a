import type { Archive, StoredTensor } from '../archive/archive.ts';
import { CheckpointError } from '../checkpoint/checkpointError.ts';
import { FieldReader } from '../checkpoint/fieldReader.ts';
import { KM_VARIANTS, type KmVariant } from '../checkpoint/kmWeights.ts';
import type { LevelOptimizerConfig } from '../checkpoint/levelOptimizer.ts';
import { present } from '../checkpoint/titansConfig.ts';

/** Names a tensor where the gates read their input besides as it is. */
const SKIP = /\.selfmod\.m_eta\.w_skip\.weight$/;
const TAPS: Readonly<Record<KmVariant, RegExp>> = {
  hope_selfmod: /\.selfmod\.local_conv\.weight$/,
  hope_attention: /\.attn\.local_conv\.weight$/,
};
// Nothing limits the inner gradient there.
const NO_CEILING = 1e6;
/** What a rate, and the β of its optimizers, are there where a configuration names none. */
const RATE = 1e-3;
const BETA = 0.9;
/** Tokens that attention looks back on at least, as in a model of ours. */
const WINDOW = 1024;

/** A CMS level of a public Hope: what updates it, and how fast. */
export interface PublicLevel {
  readonly name: string;
  readonly period: number;
  readonly rate: number;
  readonly optimizer: LevelOptimizerConfig;
}

/** What the configuration in a checkpoint of the public Hope says of the model. */
export class PublicHopeConfig {
  readonly variant: KmVariant;
  readonly levels: readonly PublicLevel[];
  readonly #fields: FieldReader;
  readonly #model: FieldReader;

  /** @throws CheckpointError where there is none, and for a variant that is not run */
  constructor({ config, path }: Archive) {
    if (config === undefined) {
      throw new CheckpointError(
        'does not say how the model was built',
        path,
        'Give the .pt file that the trainer wrote, or what "hopescope convert" made of it.',
      );
    }
    this.#fields = new FieldReader(config, path);
    this.#model = this.#fields.object('model');
    const variant = KM_VARIANTS.find(each => each === this.#model.value('block_variant'));
    if (!variant) {
      const run = KM_VARIANTS.map(each => JSON.stringify(each)).join(' or ');
      throw this.#model.faultOf('block_variant', `${run}: the other variants are inspected, not run`);
    }
    this.variant = variant;
    this.levels = levelsOf(this.#model);
  }

  /**
   * `config.json` of the same model in mode km.
   * @param tensors by their bare names
   * @throws CheckpointError for a choice that a model of mode km has not
   */
  toJson(tensors: ReadonlyMap<string, StoredTensor>, name: string): Record<string, unknown> {
    const model = this.#model;
    this.#only('cms_use_layernorm', true);
    const width = model.integer('dim', 1, 2 ** 16);
    const taps = [...tensors].find(([bare]) => TAPS[this.variant].test(bare))?.[1].shape[2];
    const hidden = [...tensors].find(([bare]) => /\.cms\.blocks\.[^.]+\.net\.1\.weight$/.test(bare));
    const { levels } = this;
    return {
      model_type: 'hope',
      format: 1,
      name,
      mode: 'km',
      vocabulary: model.integer('vocab_size', 1, 2 ** 24),
      width,
      blocks: model.integer('num_layers', 1, 1024),
      // A convolution of one tap is the token itself.
      convolution: taps ?? 1,
      ...(this.variant === 'hope_attention' ? this.#attention() : this.#memories(tensors)),
      cms: {
        periods: levels.map(({ period }) => period),
        hidden_multiplier: (hidden?.[1].shape[0] ?? 4 * width) / width,
        ...(levels.some(({ optimizer }) => optimizer.kind !== 'sgd') && {
          optimizers: levels.map(({ optimizer }) => optimizer),
        }),
      },
      learning_rates: Object.fromEntries(levels.map(({ rate }, k) => [`cms.${k}`, rate])),
    };
  }

  /** Its attention has no positions and no end: it looks back on the texts that it was trained on, and on no longer ones. */
  #attention(): Record<string, unknown> {
    const data = this.#given(this.#fields, 'data') ? this.#fields.object('data') : undefined;
    const trained = data && this.#given(data, 'seq_len') ? data.integer('seq_len', 1, 2 ** 30) : 0;
    return {
      system: 'hope-attention',
      heads: this.#model.integer('heads', 1, 2 ** 16),
      norm: 'post',
      scores: this.#model.value('qk_l2_norm') === true ? 'normed' : 'plain',
      window: Math.max(WINDOW, trained),
    };
  }

  #memories(tensors: ReadonlyMap<string, StoredTensor>): Record<string, unknown> {
    const model = this.#model;
    this.#only('self_mod_adaptive_q', false);
    this.#only('self_mod_use_alpha', true);
    const chunk = this.#count('self_mod_chunk_size') ?? 1;
    return {
      heads: 1,
      titans: {
        memory_period: this.#count('self_mod_chunk_size_memory') ?? chunk,
        projections_period: chunk,
        eta_scale: this.#given(model, 'self_mod_lr') ? model.positive('self_mod_lr') : RATE,
        eta_bias: 0,
        eta_ceiling: 1,
        gradient_ceiling: NO_CEILING,
        alpha_bias: 0,
        qk_norm: model.value('qk_l2_norm') === true,
        ...present({
          objective:
            model.choice('self_mod_objective', ['l2', 'dot'] as const) === 'dot' ? 'dot-product' : undefined,
          gate_skip: [...tensors.keys()].some(bare => SKIP.test(bare)) || undefined,
          momentum: this.#given(model, 'self_mod_momentum')
            ? model.number('self_mod_momentum', 0, 0.999)
            : undefined,
          erase: model.value('self_mod_use_rank1_precond') === false ? false : undefined,
        }),
      },
    };
  }

  #given(fields: FieldReader, name: string): boolean {
    return fields.value(name) != null;
  }

  #count(name: string): number | undefined {
    return this.#given(this.#model, name) ? this.#model.integer(name, 1, 2 ** 30) : undefined;
  }

  #only(field: string, value: boolean): void {
    if (this.#given(this.#model, field) && this.#model.value(field) !== value) {
      throw this.#model.faultOf(field, `${value} in mode km`);
    }
  }
}

function levelsOf(model: FieldReader): PublicLevel[] {
  const value = model.value('cms_levels');
  if (!Array.isArray(value)) throw model.faultOf('cms_levels', 'a list of levels');
  const optimizers = model.value('optimizers') == null ? undefined : model.object('optimizers');
  const usual = model.value('self_mod_lr') == null ? RATE : model.number('self_mod_lr', 0);
  return value.map((_, i) => {
    const level = model.item('cms_levels', i);
    const key = level.value('optimizer_key') == null ? undefined : level.text('optimizer_key', 200);
    const chosen = key !== undefined && optimizers?.names.includes(key) ? optimizers.object(key) : undefined;
    return {
      name: level.text('name', 200),
      period: level.integer('update_period', 1, 2 ** 30),
      rate: chosen?.optional('lr', name => chosen.number(name, 0)) ?? usual,
      optimizer: optimizerOf(chosen),
    };
  });
}

/** The rule of `deep_momentum` in its variant `nl_l2_precond`; plain gradient descent in place of every other. */
function optimizerOf(chosen: FieldReader | undefined): LevelOptimizerConfig {
  const params = chosen?.value('params') == null ? undefined : chosen.object('params');
  const type = chosen?.value('type') ?? 'deep_momentum';
  if (type !== 'deep_momentum' || params?.value('variant') !== 'nl_l2_precond') return { kind: 'sgd' };
  const beta = params.optional('beta', name => params.number(name, 0, 0.9999)) ?? BETA;
  return { kind: 'projected-momentum', beta };
}
