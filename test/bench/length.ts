import { readFile } from 'node:fs/promises';
import { readModelFolder } from '../../engine/checkpoint/modelFolder.ts';
import { BaseModel } from '../../engine/model/baseModel.ts';
import type { KernelSets } from './kernelSets.ts';
import { onlinePace } from './randomModel.ts';
import { compared, median } from './statistics.mjs';

const SHORT = 256;
/** Fewer for a first look: `HOPESCOPE_BENCH_TOKENS=4096 npm run bench -- length`. */
const LONGEST = Number(process.env.HOPESCOPE_BENCH_TOKENS ?? 65_536);
const LENGTHS = [1024, 4096, 16_384, 65_536].filter(tokens => tokens <= LONGEST);

/** Online training of hope-mini on longer and longer texts: as many tokens a second where the cost is linear. */
export async function* rows({ use }: KernelSets) {
  use('ours');
  const { config, tensors, tokenizer } = await readModelFolder('media/hope-mini');
  const base = new BaseModel(config, tensors, 'hope-mini');
  const text = await readFile('test/fixtures/heldOut/shakespeare.txt', 'utf8');
  const once = tokenizer.encode(text).ids;
  const first = (tokens: number) => Int32Array.from({ length: tokens }, (_, i) => once[i % once.length]);
  const short = async () => {
    const paces: number[] = [];
    for (let i = 0; i < 3; i++) paces.push(await onlinePace(base, first(SHORT)));
    return paces;
  };
  await short();
  const shorts: number[] = [];
  for (const tokens of LENGTHS) {
    shorts.push(...(await short()));
    const pace = await onlinePace(base, first(tokens));
    shorts.push(...(await short()));
    const baseline = { name: `${SHORT} tokens, before and after`, value: median(shorts.slice(-6)) };
    const measured = { value: pace, unit: 'tokens/s' };
    yield compared(`online training, hope-mini, ${tokens} tokens`, measured, baseline, { atLeast: 0.9 });
  }
  base.dispose();
}
