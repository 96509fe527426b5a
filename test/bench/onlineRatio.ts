import { readFileSync } from 'node:fs';
import type { HopeConfig } from '../../engine/checkpoint/config.ts';
import { parseConfig, tickOf } from '../../engine/checkpoint/config.ts';
import { BaseModel } from '../../engine/model/baseModel.ts';
import { FastState } from '../../engine/model/fastState.ts';
import { initialParameters } from '../../engine/model/initialize.ts';
import { parameterSpecs } from '../../engine/model/parameters.ts';
import { Random } from '../../engine/tensor/random.ts';
import { OnlineTrainer } from '../../engine/train/onlineTrainer.ts';
import { TokenStream } from '../../engine/train/tokenStream.ts';
import { alternate, type KernelSets, processorSeconds } from './kernelSets.ts';
import { row } from './statistics.mjs';

const mini = JSON.parse(readFileSync('media/hope-mini/config.json', 'utf8'));
/** The size and periods of the public re-implementation: one head of D 256, 11.6 million parameters. */
const PUBLIC = {
  ...mini,
  width: 256,
  heads: 1,
  titans: { ...mini.titans, memory_period: 64, projections_period: 8 },
};
const RATES = { memory: 1, projections: 1, 'cms.0': 1e-3, 'cms.1': 1e-3, 'cms.2': 1e-3, 'cms.3': 1e-3 };
const MODELS: [string, object, number, number | undefined][] = [
  ['hope-mini', mini, 128, 6],
  [
    '11.6 M parameters, CMS periods 16/64/256/1024',
    { ...PUBLIC, cms: { ...mini.cms, periods: [16, 64, 256, 1024] }, learning_rates: RATES },
    64,
    undefined,
  ],
  [
    '11.6 M parameters, CMS periods 1/4/16/64',
    { ...PUBLIC, cms: { ...mini.cms, periods: [1, 4, 16, 64] }, learning_rates: RATES },
    8,
    undefined,
  ],
];

/** Tokens a second of processor time. */
async function train(
  base: BaseModel,
  config: HopeConfig,
  tokens: number,
  telemetry: boolean,
): Promise<number> {
  const state = new FastState(base);
  const random = new Random(9);
  const ids = Int32Array.from({ length: tokens }, () => 1 + random.below(config.vocabulary - 1));
  const learningRates = config.learning_rates as Record<string, number>;
  const trainer = new OnlineTrainer(state, 0, { learningRates, flush: true, telemetry });
  let index = 0;
  const seconds = await processorSeconds(async () => {
    for (const tick of new TokenStream([{ ids }], 0, 1, tickOf(config))) await trainer.step(tick, index++);
  });
  state.dispose();
  return tokens / seconds;
}

/** Online training with telemetry: the same code on our kernels and on the library's, one core. */
export async function rows({ use }: KernelSets) {
  const measured = [];
  for (const [name, json, tokens, target] of MODELS) {
    const config = parseConfig(json, name);
    const initial = initialParameters(config, new Random(1));
    const weights = new Map(
      parameterSpecs(config).map(spec => [spec.name, { shape: spec.shape, data: initial.get(spec.name)! }]),
    );
    const base = new BaseModel(config, weights, name);
    const run = () => train(base, config, tokens, true);
    const { stock, ours, ratio } = await alternate(use, 5, { stock: run, ours: run });
    const what = `online training, ${name}, against stock`;
    measured.push(
      row(`online training, ${name}, stock tfjs-wasm`, stock, 'tokens/s'),
      row(`online training, ${name}, our kernels`, ours, 'tokens/s'),
      target ? row(what, ratio, '×', 1, `≥ ${target}×`, ratio >= target) : row(what, ratio, '×', 1),
    );
    base.dispose();
  }
  return measured;
}
