import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Archive, StoredTensor } from '../archive/archive.ts';
import { openArchive } from '../archive/openArchive.ts';
import { bareName } from '../archive/tensorNames.ts';
import { readValues } from '../archive/values.ts';
import { CheckpointError } from '../checkpoint/checkpointError.ts';
import { type HopeConfig, parseConfig } from '../checkpoint/config.ts';
import { type KmVariant, kmWeights } from '../checkpoint/kmWeights.ts';
import type { NamedTensor } from '../checkpoint/safetensors.ts';
import { PublicHopeConfig } from './publicHopeConfig.ts';

/** A public Hope as a model of mode km. */
export interface PublicHope {
  readonly config: HopeConfig;
  readonly tensors: ReadonlyMap<string, NamedTensor>;
  /** Files that hold the weights. */
  readonly files: readonly string[];
}

const MODEL = /^(?:embed|norm|blocks)\./;

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
 * Reads a checkpoint of the public PyTorch re-implementation (`hope_selfmod` or `hope_attention`): its resolved
 * configuration, which the checkpoint holds, and its weights. Periods are those of the configuration, rate and rule of a
 * CMS level those of its optimizer; what it does otherwise than the paper is left out.
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
    const found = new PublicHopeConfig(archive);
    const config = parseConfig(found.toJson(tensors, name), archive.path);
    const levels = found.levels.map(level => level.name);
    const weights = kmWeights(await readAll(archive, tensors), found.variant, levels, archive.path);
    return {
      config,
      tensors: new Map([...identities(config, found.variant), ...named(weights)]),
      files: [...new Set([...tensors.values()].map(({ file }) => file))].sort(),
    };
  } finally {
    await archive.close();
  }
}

type Values = { readonly shape: readonly number[]; readonly data: Float32Array };

function named(weights: ReadonlyMap<string, Values>): Map<string, NamedTensor> {
  return new Map(
    [...weights].map(([own, { shape, data }]) => [own, { name: own, dtype: 'F32', shape, data }]),
  );
}

/** The convolutions of one tap, the token itself, of a model that was built without any. */
function identities(
  { convolution, blocks, width }: HopeConfig,
  variant: KmVariant,
): Map<string, NamedTensor> {
  if (convolution > 1) return new Map();
  const module = variant === 'hope_attention' ? 'mixer' : 'selfmod';
  const itself = { shape: [width, 1, 1], data: new Float32Array(width).fill(1) };
  return named(
    new Map(
      Array.from({ length: blocks }, (_, b) => [`blocks.${b}.${module}.local_conv.weight`, itself] as const),
    ),
  );
}

async function readAll(archive: Archive, tensors: ReadonlyMap<string, StoredTensor>) {
  const read = new Map<string, Values>();
  for (const [bare, tensor] of tensors) {
    const data = new Float32Array(await readValues(archive, tensor));
    if (!data.every(Number.isFinite)) {
      throw new CheckpointError(`tensor ${tensor.name}: holds values that are not finite`, archive.path);
    }
    read.set(bare, { shape: tensor.shape, data });
  }
  return read;
}
