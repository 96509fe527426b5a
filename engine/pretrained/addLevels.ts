import { randomUUID } from 'node:crypto';
import { rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { reasonOf } from '../checkpoint/atomicFile.ts';
import { CheckpointError } from '../checkpoint/checkpointError.ts';
import { type HopeConfig, parseConfig } from '../checkpoint/config.ts';
import { type ModelFolder, writeModelFolder } from '../checkpoint/modelFolder.ts';
import type { NamedTensor } from '../checkpoint/safetensors.ts';
import { isPublicTransformer, systemOf } from '../checkpoint/systems.ts';
import { openFolder } from './openFolder.ts';
import { LEVEL_RATE } from './pretrainedModel.ts';

/** What to stack, and where the model with it goes. */
export interface AddLevelsOptions {
  /** Folder of a Llama or GPT-2. */
  readonly source: string;
  /** Folder to make; it must not exist. */
  readonly target: string;
  /** Tokens between two updates of each level, fast to slow; the slowest is that of the pre-trained MLPs. */
  readonly periods: readonly number[];
  readonly cancelled?: () => boolean;
}

type Weights = Pick<NamedTensor, 'name' | 'shape' | 'data'>;

/**
 * Ad-hoc level stacking (§7.3): the pre-trained MLP of every block becomes the slowest level of its continuum memory
 * system, and in front of it come faster levels that begin with its norm and its first matrices, MLP_0 = MLP_pretrained,
 * and a last matrix of zeros. A level adds to what it reads, x + W_b h, so that while no level is updated (η → 0) the
 * model computes what it did, bit for bit. The folder appears whole or not at all.
 * @throws CheckpointError for a model that no level can be added to, periods that do not grow, or a folder that exists
 */
export async function addLevels(options: AddLevelsOptions): Promise<HopeConfig> {
  const { source, target, periods, cancelled } = options;
  if (await stat(target).catch(() => undefined)) {
    throw new CheckpointError('exists and is not overwritten', target, 'Choose the path of a new folder.');
  }
  const model = await openFolder(source);
  const config = stackedConfig(model.config, periods, resolve(target), source);
  const unless = () => {
    if (cancelled?.()) throw new CheckpointError('was not made: cancelled', target);
  };
  unless();
  const temporary = join(dirname(resolve(target)), `.${basename(target)}.${randomUUID()}.tmp`);
  try {
    const tensors = stackedTensors(model, periods.length);
    await writeModelFolder(temporary, { config, tokenizerJson: model.tokenizer.json, tensors });
    unless();
    await rename(temporary, target).catch(error => {
      throw new CheckpointError(`cannot be made: ${reasonOf(error)}`, target, 'Choose another folder.');
    });
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
  return config;
}

function stackedConfig(
  config: HopeConfig,
  periods: readonly number[],
  target: string,
  source: string,
): HopeConfig {
  if (!isPublicTransformer(config)) {
    throw new CheckpointError(
      `is a model of the system ${systemOf(config)}, to which no levels are added`,
      source,
      'Give the folder of a Llama or GPT-2.',
    );
  }
  const { length } = config.cms.periods;
  if (length > 1) {
    throw new CheckpointError(
      `has ${length} levels already`,
      source,
      'Give the model that they were added to.',
    );
  }
  if (periods.length < 2) {
    throw new CheckpointError(
      `needs at least 2 periods, not ${periods.length}: of the new levels, and last of the pre-trained MLPs`,
      target,
      'Give for example 16, 64, 256.',
    );
  }
  const rates = periods.map((_, level) => [`cms.${level}`, config.learning_rates['cms.0'] ?? LEVEL_RATE]);
  const json = {
    ...config,
    name: basename(target).slice(0, 200),
    cms: { ...config.cms, periods, optimizers: undefined },
    learning_rates: Object.fromEntries(rates),
  };
  return parseConfig(JSON.parse(JSON.stringify(json)), join(target, 'config.json'));
}

/** In the order of a model's file, but that new levels stand before the pre-trained one. */
function* stackedTensors({ tensors }: ModelFolder, levels: number): Generator<Weights> {
  for (const tensor of tensors.values()) {
    const found = /^(blocks\.\d+\.cms)\.0\.(.+)$/.exec(tensor.name);
    if (!found) {
      yield tensor;
      continue;
    }
    const [, at, part] = found;
    const last = part.startsWith('contract.');
    for (let level = 0; level < levels - 1; level++) {
      const data = last ? new Float32Array(tensor.data.length) : tensor.data;
      yield { ...tensor, name: `${at}.${level}.${part}`, data };
    }
    yield { ...tensor, name: `${at}.${levels - 1}.${part}` };
  }
}
