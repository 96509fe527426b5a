import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { reasonOf, writeAtomically } from './atomicFile.ts';
import { CheckpointError } from './checkpointError.ts';
import { type HopeConfig, parseConfig } from './config.ts';
import { readJson } from './jsonFile.ts';
import { type NamedTensor, readSafetensors, writeSafetensors } from './safetensors.ts';
import { Tokenizer } from './tokenizer.ts';

/** A Hope model as a folder holds it. Tensor names and shapes are for the model to check against `config`. */
export interface ModelFolder {
  readonly config: HopeConfig;
  readonly tokenizer: Tokenizer;
  readonly tensors: ReadonlyMap<string, NamedTensor>;
  /** Metadata of `model.safetensors`. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Files that hold the weights. */
  readonly files: readonly string[];
}

const files = { config: 'config.json', tokenizer: 'tokenizer.json', tensors: 'model.safetensors' };

/**
 * Reads `config.json`, `tokenizer.json` and `model.safetensors`. Throws `CheckpointError` naming the file and
 * the fault; weights that are not finite and a tokenizer with more tokens than the model are faults too.
 */
export async function readModelFolder(path: string): Promise<ModelFolder> {
  await checkFolder(path);
  const configPath = join(path, files.config);
  const config = parseConfig(await readJson(configPath), configPath);
  const tokenizer = await readTokenizer(join(path, files.tokenizer), config.vocabulary);
  const tensorsPath = join(path, files.tensors);
  const { tensors, metadata } = await readSafetensors(tensorsPath);
  for (const tensor of tensors.values()) checkFinite(tensor, tensorsPath);
  return { config, tokenizer, tensors, metadata, files: [tensorsPath] };
}

/** A `tokenizer.json`. @throws CheckpointError for one that is not read, or has more tokens than the model */
export async function readTokenizer(path: string, vocabulary: number): Promise<Tokenizer> {
  const tokenizer = Tokenizer.parse(await readJson(path), path);
  if (tokenizer.size <= vocabulary) return tokenizer;
  throw new CheckpointError(
    `has ${tokenizer.size} tokens, but the model of ${files.config} knows only ${vocabulary}`,
    path,
  );
}

/** What `writeModelFolder` needs; `tokenizerJson` is the contents of a `tokenizer.json`. */
export interface NewModelFolder {
  readonly config: HopeConfig;
  readonly tokenizerJson: unknown;
  readonly tensors: Iterable<Pick<NamedTensor, 'name' | 'shape' | 'data'>>;
  readonly metadata?: Readonly<Record<string, string>>;
}

/**
 * Writes the three files of a model folder, each atomically, and makes the folder when it is missing. What
 * could not be read back is refused before anything is written.
 */
export async function writeModelFolder(path: string, model: NewModelFolder): Promise<void> {
  parseConfig(model.config, join(path, files.config));
  Tokenizer.parse(model.tokenizerJson, join(path, files.tokenizer));
  try {
    await mkdir(path, { recursive: true });
  } catch (error) {
    throw new CheckpointError(`cannot be made: ${reasonOf(error)}`, path, 'Choose another folder.');
  }
  await writeSafetensors(join(path, files.tensors), model.tensors, model.metadata);
  await writeJson(join(path, files.tokenizer), model.tokenizerJson);
  // Last, because a folder without it is not taken for a model.
  await writeJson(join(path, files.config), model.config);
}

/** @throws CheckpointError where there is no folder */
export async function checkFolder(path: string): Promise<void> {
  const found = await stat(path).catch((error: unknown) => {
    throw new CheckpointError(`the model folder cannot be opened: ${reasonOf(error)}`, path);
  });
  if (!found.isDirectory()) throw new CheckpointError('this is not a folder', path);
}

async function writeJson(path: string, json: unknown): Promise<void> {
  await writeAtomically(path, [Buffer.from(`${JSON.stringify(json, undefined, 2)}\n`)]);
}

function checkFinite({ name, data }: NamedTensor, path: string): void {
  const at = data.findIndex(value => !Number.isFinite(value));
  if (at < 0) return;
  const fault = `value ${at} of ${data.length} is ${data[at]}, not a finite float32 number`;
  throw new CheckpointError(`tensor ${JSON.stringify(name)}: ${fault}`, path);
}
