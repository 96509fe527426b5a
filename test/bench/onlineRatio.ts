import { readModelFolder } from '../../engine/checkpoint/modelFolder.ts';
import { BaseModel } from '../../engine/model/baseModel.ts';
import { alternate, clockSeconds, type KernelSets, processorSeconds } from './kernelSets.ts';
import { millionsOf, onlinePace, openRandomModel, publicConfig, randomTokens } from './randomModel.ts';
import { compared } from './statistics.mjs';

/** Online training with telemetry: the same code on our kernels and on the library's, on one core and on two. */
export async function* rows(sets: KernelSets) {
  const { config, tensors } = await readModelFolder('media/hope-mini');
  const mini = new BaseModel(config, tensors, 'hope-mini');
  yield* measure(sets, mini, 'hope-mini', 128, { atLeast: 6 });
  for (const [periods, tokens] of [
    [[16, 64, 256, 1024], 64],
    [[1, 4, 16, 64], 8],
  ] as const) {
    const base = await openRandomModel(await publicConfig(periods));
    const name = `${millionsOf(base.config)} M parameters, CMS periods ${periods.join('/')}`;
    yield* measure(sets, base, name, tokens);
  }
}

async function* measure(
  { use, useCores }: KernelSets,
  base: BaseModel,
  name: string,
  tokens: number,
  target?: { atLeast: number },
) {
  const ids = randomTokens(tokens, base.config.vocabulary);
  for (const [cores, clock, text] of [
    [1, processorSeconds, 'one core'],
    [2, clockSeconds, 'two cores'],
  ] as const) {
    await useCores(cores);
    const run = () => onlinePace(base, ids, true, clock);
    const { stock, ours, ratio } = await alternate(use, 3, { stock: run, ours: run });
    const baseline = { name: 'the same on stock tfjs-wasm', value: stock, ratio };
    const measured = { value: ours, unit: 'tokens/s', digits: 1 };
    yield compared(`online training, ${name}, ${text}`, measured, baseline, target);
  }
  await useCores(1);
  base.dispose();
}
