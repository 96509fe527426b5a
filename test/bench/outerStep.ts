import { readFile } from 'node:fs/promises';
import { parseConfig } from '../../engine/checkpoint/config.ts';
import { initialParameters } from '../../engine/model/initialize.ts';
import { Random } from '../../engine/tensor/random.ts';
import { RowGradients } from '../../engine/train/rowGradients.ts';
import { alternate, type KernelSets, processorSeconds } from './kernelSets.ts';
import { randomTokens } from './randomModel.ts';
import { compared } from './statistics.mjs';

const [ROWS, TOKENS] = [4, 128];

/** Loss and gradient of a pre-training step of hope-mini through reads and writes, one core. */
export async function* rows({ use }: KernelSets) {
  const recipe = JSON.parse(await readFile('engine/recipes/hope-mini.json', 'utf8'));
  const config = parseConfig(recipe.model, 'hope-mini.json');
  const gradients = new RowGradients(config, 0);
  const { layout } = gradients;
  const weights = new Float32Array(layout.size);
  layout.flatten(initialParameters(config, new Random(1)), weights);
  const ids = randomTokens(ROWS * TOKENS, config.vocabulary);
  const targets = randomTokens(ROWS * TOKENS + 1, config.vocabulary).subarray(1);
  const gradient = new Float32Array(layout.size);
  const losses = { stock: 0, ours: 0 };
  const run = (set: 'stock' | 'ours') => async () => {
    const seconds = await processorSeconds(async () => {
      losses[set] = await gradients.compute(
        weights,
        { ids, targets },
        new Float32Array(ROWS).fill(1),
        gradient,
      );
    });
    return ids.length / seconds;
  };
  const { stock, ours, ratio } = await alternate(use, 3, { stock: run('stock'), ours: run('ours') });
  if (!(Math.abs(losses.stock - losses.ours) < 1e-3)) {
    throw new Error(`The loss is ${losses.ours} with our kernels and ${losses.stock} with the library's.`);
  }
  const what = `pre-training, hope-mini, loss and gradient of ${ROWS} × ${TOKENS} tokens, one core`;
  const baseline = { name: 'composed on stock tfjs-wasm', value: stock, ratio };
  yield compared(what, { value: ours, unit: 'tokens/s' }, baseline);
  gradients.dispose();
}
