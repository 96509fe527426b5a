import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { trainBytePair } from '../../engine/checkpoint/bytePairTrainer.ts';
import { type HopeConfig, parseConfig, tickOf } from '../../engine/checkpoint/config.ts';
import { readModelFolder, writeModelFolder } from '../../engine/checkpoint/modelFolder.ts';
import { BaseModel } from '../../engine/model/baseModel.ts';
import { FastState } from '../../engine/model/fastState.ts';
import { initialParameters } from '../../engine/model/initialize.ts';
import { parameterSpecs } from '../../engine/model/parameters.ts';
import { Random } from '../../engine/tensor/random.ts';
import { OnlineTrainer } from '../../engine/train/onlineTrainer.ts';
import { TokenStream } from '../../engine/train/tokenStream.ts';
import { processorSeconds } from './kernelSets.ts';

/** hope-mini's configuration with some fields changed; the CMS levels that it gets learn at 1e-3. */
export async function variantOfMini(
  changes: Partial<HopeConfig> & { readonly cms?: HopeConfig['cms'] },
): Promise<HopeConfig> {
  const mini = JSON.parse(await readFile('media/hope-mini/config.json', 'utf8'));
  const json = { ...mini, ...changes };
  const cms = json.cms.periods.map((_: number, level: number) => [`cms.${level}`, 1e-3]);
  json.learning_rates = { memory: 1, projections: 1, ...Object.fromEntries(cms) };
  return parseConfig(json, 'the bench');
}

/** The size and periods of the public re-implementation: one head of D 256, 4 blocks, 11.6 million parameters. */
export async function publicConfig(cmsPeriods: readonly number[]): Promise<HopeConfig> {
  const { titans, cms } = await variantOfMini({});
  return variantOfMini({
    width: 256,
    heads: 1,
    titans: { ...titans, memory_period: 64, projections_period: 8 },
    cms: { ...cms, periods: cmsPeriods },
  });
}

/** A model with fresh weights, written to a folder and read from there as every model is. */
export async function openRandomModel(config: HopeConfig): Promise<BaseModel> {
  const folder = await mkdtemp(join(tmpdir(), 'hopescope-bench-'));
  try {
    const text = await readFile('test/fixtures/heldOut/shakespeare.txt', 'utf8');
    const weights = initialParameters(config, new Random(1));
    const specs = parameterSpecs(config);
    const tensors = specs.map(({ name, shape }) => ({ name, shape, data: weights.get(name)! }));
    await writeModelFolder(folder, {
      config,
      tokenizerJson: trainBytePair([text], config.vocabulary),
      tensors,
    });
    const read = await readModelFolder(folder);
    return new BaseModel(read.config, read.tensors, folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Millions of parameters, as text. */
export function millionsOf(config: HopeConfig): string {
  const count = parameterSpecs(config).reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
  return (count / 1e6).toFixed(1);
}

/** Random tokens, the same every time. */
export function randomTokens(count: number, vocabulary: number): Int32Array {
  const random = new Random(9);
  return Int32Array.from({ length: count }, () => 1 + random.below(vocabulary - 1));
}

/** Online training of the tokens from the base's weights: tokens a second, of processor time unless `clock` takes another. */
export async function onlinePace(
  base: BaseModel,
  ids: Int32Array,
  telemetry = true,
  clock = processorSeconds,
): Promise<number> {
  const state = new FastState(base);
  const learningRates = base.config.learning_rates as Record<string, number>;
  const trainer = new OnlineTrainer(state, 0, { learningRates, flush: true, telemetry });
  let index = 0;
  const seconds = await clock(async () => {
    for (const tick of new TokenStream([{ ids }], 0, 1, tickOf(base.config)))
      await trainer.step(tick, index++);
  });
  state.dispose();
  return ids.length / seconds;
}
