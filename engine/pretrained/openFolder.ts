import { stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { openArchive } from '../archive/openArchive.ts';
import { CheckpointError } from '../checkpoint/checkpointError.ts';
import { FieldReader } from '../checkpoint/fieldReader.ts';
import { readJson } from '../checkpoint/jsonFile.ts';
import { checkFolder, type ModelFolder, readModelFolder, readTokenizer } from '../checkpoint/modelFolder.ts';
import { gpt2Model } from './gpt2.ts';
import { llamaModel } from './llama.ts';
import type { PretrainedModel } from './pretrainedModel.ts';
import { findPublicHope, readPublicHope } from './publicHope.ts';
import { WeightSource } from './weightSource.ts';

type Family = (fields: FieldReader, weights: WeightSource, path: string, name: string) => PretrainedModel;

/** By the `model_type` of a config.json, with what stands before the names of a file that has a head. */
const FAMILIES: Readonly<Record<string, { readonly prefix: string; readonly model: Family }>> = {
  llama: { prefix: 'model.', model: llamaModel },
  gpt2: { prefix: 'transformer.', model: gpt2Model },
};

/**
 * Reads the folder of a model that the engine can train: a Hope model's, one of Hugging Face with a Llama or GPT-2,
 * whole or sharded, or one with a checkpoint of the public PyTorch Hope, whose weights are then those of a model of ours.
 * @throws CheckpointError naming the file and the fault
 */
export async function openFolder(path: string): Promise<ModelFolder> {
  await checkFolder(path);
  const configPath = join(path, 'config.json');
  if (!(await isThere(configPath))) {
    const checkpoint = await findPublicHope(path);
    if (checkpoint !== undefined) return publicHopeFolder(path, checkpoint);
  }
  const json = await readJson(configPath);
  const { model_type: type } = (json ?? {}) as { readonly model_type?: unknown };
  if (typeof type !== 'string' || type === 'hope') return readModelFolder(path);
  if (!Object.hasOwn(FAMILIES, type)) {
    const known = ['hope', ...Object.keys(FAMILIES)].map(name => JSON.stringify(name));
    throw new FieldReader(json, configPath).faultOf('model_type', `one of ${known.join(', ')}`);
  }
  const { prefix, model } = FAMILIES[type];
  const tokenizerPath = await tokenizerIn(path);
  const archive = await openArchive(path);
  try {
    const weights = new WeightSource(archive, prefix);
    const name = basename(resolve(path)).slice(0, 200);
    const { config, sources } = model(new FieldReader(json, configPath), weights, configPath, name);
    const tokenizer = await readTokenizer(tokenizerPath, config.vocabulary);
    const tensors = await weights.read(sources);
    return { config, tokenizer, tensors, metadata: archive.metadata, files: weights.files };
  } finally {
    await archive.close();
  }
}

async function publicHopeFolder(path: string, checkpoint: string): Promise<ModelFolder> {
  const name = basename(resolve(path)).slice(0, 200);
  const { config, tensors, files } = await readPublicHope(checkpoint, name);
  const tokenizer = await readTokenizer(await tokenizerIn(path), config.vocabulary);
  return { config, tokenizer, tensors, metadata: {}, files };
}

async function tokenizerIn(folder: string): Promise<string> {
  const path = join(folder, 'tokenizer.json');
  if (await isThere(path)) return path;
  throw new CheckpointError(
    'is missing, and without it no text becomes tokens',
    path,
    'Copy the tokenizer.json of the model into the folder.',
  );
}

async function isThere(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
