import { readModelFolder } from '../../engine/checkpoint/modelFolder.ts';
import { BaseModel } from '../../engine/model/baseModel.ts';
import { alternate, type KernelSets } from './kernelSets.ts';
import { millionsOf, onlinePace, openRandomModel, publicConfig, randomTokens } from './randomModel.ts';
import { compared } from './statistics.mjs';

/** Online training with telemetry: the same code on our kernels and on the library's, one core. */
export async function* rows({ use }: KernelSets) {
  const { config, tensors } = await readModelFolder('media/hope-mini');
  yield await measure(use, new BaseModel(config, tensors, 'hope-mini'), 'hope-mini', 128, { atLeast: 6 });
  for (const [periods, tokens] of [
    [[16, 64, 256, 1024], 64],
    [[1, 4, 16, 64], 8],
  ] as const) {
    const base = await openRandomModel(await publicConfig(periods));
    const name = `${millionsOf(base.config)} M parameters, CMS periods ${periods.join('/')}`;
    yield await measure(use, base, name, tokens);
  }
}

async function measure(
  use: KernelSets['use'],
  base: BaseModel,
  name: string,
  tokens: number,
  target?: { atLeast: number },
) {
  const run = () => onlinePace(base, randomTokens(tokens, base.config.vocabulary));
  const { stock, ours, ratio } = await alternate(use, 3, { stock: run, ours: run });
  base.dispose();
  const baseline = { name: 'the same on stock tfjs-wasm', value: stock, ratio };
  return compared(
    `online training, ${name}, one core`,
    { value: ours, unit: 'tokens/s', digits: 1 },
    baseline,
    target,
  );
}
