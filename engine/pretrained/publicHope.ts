import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Archive, StoredTensor } from '../archive/archive.ts';
import { openArchive } from '../archive/openArchive.ts';
import { bareName } from '../archive/tensorNames.ts';
import { readValues } from '../archive/values.ts';
import { CheckpointError } from '../checkpoint/checkpointError.ts';
import { type HopeConfig, parseConfig } from '../checkpoint/config.ts';
import { FieldReader } from '../checkpoint/fieldReader.ts';
import { kmWeights } from '../checkpoint/kmWeights.ts';
import type { NamedTensor } from '../checkpoint/safetensors.ts';
import { present } from '../checkpoint/titansConfig.ts';

/** A public Hope as a model of mode km. */
export interface PublicHope {
  readonly config: HopeConfig;
  readonly tensors: ReadonlyMap<string, NamedTensor>;
  /** Files that hold the weights. */
  readonly files: readonly string[];
}

const MODEL = /^(?:embed|norm|blocks)\./;
/** Names a tensor where the gates read their input besides as it is. */
const SKIP = /\.selfmod\.m_eta\.w_skip\.weight$/;
// Nothing limits the inner gradient there.
const NO_CEILING = 1e6;

/**
 * The checkpoint of a public Hope in a folder, the one of the highest step where its trainer left several.
 * @returns undefined where there is none
 */
export async function findPublicHope(folder: string): Promise<string | undefined> {
  const step = (name: string) => Number(/(\d{1,15})\D*$/.exec(name)?.[1] ?? -1);
  const [last] = (await readdir(folder))
    .filter(name => /\.(?:pt|pth)$/.test(name))
    .sort((a, b) => step(b) - step(a) || (a < b ? -1 : 1));
  if (last !== undefined) return join(folder, last);
  return (await readdir(folder)).includes('model.safetensors')
    ? join(folder, 'model.safetensors')
    : undefined;
}

/**
 * Reads a checkpoint of the public PyTorch re-implementation (`hope_selfmod`): its resolved configuration, which the
 * checkpoint holds, and its weights. Periods are those of the configuration, the rate of a CMS level that of its
 * optimizer, whose rule is not ours; what it does otherwise than the paper is left out.
 * @throws CheckpointError for another variant, or a choice that a model of mode km has not
 */
export async function readPublicHope(path: string, name: string): Promise<PublicHope> {
  const archive = await openArchive(path);
  try {
    const tensors = new Map(
      [...archive.tensors.values()]
        .map((tensor): [string, StoredTensor] => [bareName(tensor.name), tensor])
        .filter(([bare]) => MODEL.test(bare)),
    );
    const model = modelFields(archive);
    const config = parseConfig(configOf(model, tensors, name), archive.path);
    const levels = levelsOf(model).map(level => level.name);
    const weights = kmWeights(await readAll(archive, tensors), levels, archive.path);
    return {
      config,
      tensors: new Map(
        [...weights].map(([own, weight]): [string, NamedTensor] => [
          own,
          { name: own, dtype: 'F32', shape: weight.shape, data: weight.data },
        ]),
      ),
      files: [...new Set([...tensors.values()].map(({ file }) => file))].sort(),
    };
  } finally {
    await archive.close();
  }
}

/** What the configuration says of the model. */
function modelFields({ config, path }: Archive): FieldReader {
  if (config === undefined) {
    throw new CheckpointError(
      'does not say how the model was built',
      path,
      'Give the .pt file that the trainer wrote, or what "hopescope convert" made of it.',
    );
  }
  const model = new FieldReader(config, path).object('model');
  if (model.value('block_variant') !== 'hope_selfmod') {
    throw model.faultOf('block_variant', '"hope_selfmod": the other variants are inspected, not run');
  }
  return model;
}

function levelsOf(model: FieldReader): { name: string; period: number; rate: number }[] {
  const value = model.value('cms_levels');
  if (!Array.isArray(value)) throw model.faultOf('cms_levels', 'a list of levels');
  const optimizers = model.value('optimizers') == null ? undefined : model.object('optimizers');
  return value.map((_, i) => {
    const level = model.item('cms_levels', i);
    const key = level.optional('optimizer_key', name => level.text(name, 200));
    const optimizer =
      key !== undefined && optimizers?.names.includes(key) ? optimizers.object(key) : undefined;
    return {
      name: level.text('name', 200),
      period: level.integer('update_period', 1, 2 ** 30),
      rate: optimizer?.optional('lr', name => optimizer.number(name, 0)) ?? 0,
    };
  });
}

function configOf(
  model: FieldReader,
  tensors: ReadonlyMap<string, StoredTensor>,
  name: string,
): Record<string, unknown> {
  const given = (field: string) => model.value(field) != null;
  const only = (field: string, value: boolean) => {
    if (given(field) && model.value(field) !== value) throw model.faultOf(field, `${value} in mode km`);
  };
  only('self_mod_adaptive_q', false);
  only('self_mod_use_alpha', true);
  only('cms_use_layernorm', true);
  const width = model.integer('dim', 1, 2 ** 16);
  const levels = levelsOf(model);
  const chunk = given('self_mod_chunk_size') ? model.integer('self_mod_chunk_size', 1, 2 ** 30) : 1;
  const taps = [...tensors].find(([bare]) => /\.selfmod\.local_conv\.weight$/.test(bare))?.[1].shape[2];
  if (taps === undefined) throw model.faultOf('self_mod_local_conv_window', 'a number of taps in mode km');
  const hidden = [...tensors].find(([bare]) => /\.cms\.blocks\.[^.]+\.net\.1\.weight$/.test(bare));
  return {
    model_type: 'hope',
    format: 1,
    name,
    mode: 'km',
    vocabulary: model.integer('vocab_size', 1, 2 ** 24),
    width,
    blocks: model.integer('num_layers', 1, 1024),
    heads: 1,
    convolution: taps,
    titans: {
      memory_period: given('self_mod_chunk_size_memory')
        ? model.integer('self_mod_chunk_size_memory', 1, 2 ** 30)
        : chunk,
      projections_period: chunk,
      eta_scale: given('self_mod_lr') ? model.positive('self_mod_lr') : 1e-3,
      eta_bias: 0,
      eta_ceiling: 1,
      gradient_ceiling: NO_CEILING,
      alpha_bias: 0,
      qk_norm: model.value('qk_l2_norm') === true,
      ...present({
        objective:
          model.choice('self_mod_objective', ['l2', 'dot'] as const) === 'dot' ? 'dot-product' : undefined,
        gate_skip: [...tensors.keys()].some(bare => SKIP.test(bare)) || undefined,
        momentum: given('self_mod_momentum') ? model.number('self_mod_momentum', 0, 0.999) : undefined,
        erase: model.value('self_mod_use_rank1_precond') === false ? false : undefined,
      }),
    },
    cms: {
      periods: levels.map(({ period }) => period),
      hidden_multiplier: (hidden?.[1].shape[0] ?? 4 * width) / width,
    },
    learning_rates: Object.fromEntries(levels.map(({ rate }, k) => [`cms.${k}`, rate])),
  };
}

async function readAll(archive: Archive, tensors: ReadonlyMap<string, StoredTensor>) {
  const read = new Map<string, { shape: readonly number[]; data: Float32Array }>();
  for (const [bare, tensor] of tensors) {
    const data = new Float32Array(await readValues(archive, tensor));
    if (!data.every(Number.isFinite)) {
      throw new CheckpointError(`tensor ${tensor.name}: holds values that are not finite`, archive.path);
    }
    read.set(bare, { shape: tensor.shape, data });
  }
  return read;
}
