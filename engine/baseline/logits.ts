import type { Archive } from '../archive/archive.ts';
import { levelMapOf } from '../archive/levelMap.ts';
import { CheckpointError } from '../checkpoint/checkpointError.ts';
import { gpt2Logits } from './gpt2.ts';
import { llamaLogits } from './llama.ts';
import { publicHopeLogits } from './publicHope.ts';
import type { Rows } from './rows.ts';

/**
 * Logits [T, V] after each token of a checkpoint that others wrote, by a plain forward pass in float64.
 * @throws CheckpointError for a family that is not computed, or weights that do not fit its config
 */
export async function checkpointLogits(
  archive: Archive,
  ids: readonly number[],
): Promise<{ family: string; logits: Rows }> {
  const { family } = levelMapOf(archive);
  if (family === 'Llama') return { family, logits: await llamaLogits(archive, ids) };
  if (family === 'GPT-2') return { family, logits: await gpt2Logits(archive, ids) };
  if (family === 'Hope (PyTorch)') return { family, logits: await publicHopeLogits(archive, ids) };
  throw new CheckpointError(
    `holds a model of ${family === 'unknown' ? 'no known family' : `the family ${family}`}, whose logits are not computed`,
    archive.path,
    'Give a Hope model folder, a Llama or GPT-2 of Hugging Face, or a checkpoint of the public Hope.',
  );
}
