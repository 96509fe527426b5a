import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readSafetensors, writeSafetensors } from '../../engine/checkpoint/safetensors.ts';
import { bindParameters } from '../../engine/model/parameters.ts';
import { NO_TOKEN, readLogits } from '../../engine/model/reading.ts';
import type { OpenModel } from '../../engine/session/openModel.ts';
import { Random } from '../../engine/tensor/random.ts';
import { tf } from '../../engine/tensor/tf.ts';
import { CHECKPOINTS } from './checkpoints.ts';

const LLAMA = join(CHECKPOINTS, 'llama_tiny');
const EMBEDDING = 'model.embed_tokens.weight';

/** Logits of one document, [tokens, vocabulary], with the fast weights of an open model. */
export async function logitsOf(model: OpenModel, ids: readonly number[]): Promise<Float32Array> {
  const { config, tensors } = model.base;
  return tf.tidy(() => {
    const parameters = bindParameters(config, name => model.fast.tensors.get(name) ?? tensors.get(name)!);
    return readLogits(parameters, config, Int32Array.from(ids), NO_TOKEN).dataSync();
  }) as Float32Array;
}

/**
 * Writes the folder of a tiny Llama with another tokenizer: the fixture's weights, but an embedding (and tied head) with a
 * row for every token, the rows past the fixture's drawn uniformly with the mean square of those.
 * @param tokenizer path of a tokenizer.json @param fields of config.json that differ from the fixture's
 */
export async function writeLlama(folder: string, tokenizer: string, fields: object): Promise<void> {
  const json = await readFile(tokenizer, 'utf8');
  const { model, added_tokens: added } = JSON.parse(json) as {
    model: { vocab: Record<string, number> };
    added_tokens: { id: number }[];
  };
  const vocabulary = 1 + Math.max(...Object.values(model.vocab), ...added.map(({ id }) => id));
  const { tensors } = await readSafetensors(join(LLAMA, 'model.safetensors'));
  const { shape, data } = tensors.get(EMBEDDING)!;
  const [, width] = shape;
  const bound = Math.sqrt((3 * data.reduce((sum, value) => sum + value * value, 0)) / data.length);
  const random = new Random(1);
  const grown = Float32Array.from({ length: vocabulary * width }, (_, i) =>
    i < data.length ? data[i] : bound * (2 * random.uniform() - 1),
  );
  const weights = [...tensors.values()].map(tensor =>
    tensor.name === EMBEDDING ? { ...tensor, shape: [vocabulary, width], data: grown } : tensor,
  );
  const config = JSON.parse(await readFile(join(LLAMA, 'config.json'), 'utf8'));
  await mkdir(folder);
  await writeSafetensors(join(folder, 'model.safetensors'), weights);
  await writeFile(
    join(folder, 'config.json'),
    JSON.stringify({ ...config, vocab_size: vocabulary, ...fields }),
  );
  await writeFile(join(folder, 'tokenizer.json'), json);
}
