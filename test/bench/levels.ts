import type { KernelSets } from './kernelSets.ts';
import { onlinePace, openRandomModel, randomTokens, variantOfMini } from './randomModel.ts';
import { compared, median } from './statistics.mjs';

const TOKENS = 512;
const ROUNDS = 3;

/** Online training by the number of CMS levels, periods 16, 32, 64, …, random weights of hope-mini's width. */
export async function* rows({ use }: KernelSets) {
  use('ours');
  const open = async (count: number) => {
    const periods = Array.from({ length: count }, (_, level) => 16 * 2 ** level);
    return openRandomModel(await variantOfMini({ cms: { periods, hidden_multiplier: 4 } }));
  };
  const single = await open(1);
  const ids = randomTokens(TOKENS, single.config.vocabulary);
  await onlinePace(single, ids);
  for (const count of [2, 3, 4, 6, 8]) {
    const base = await open(count);
    const pairs: { one: number; more: number }[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const one = 1e3 / (await onlinePace(single, ids));
      pairs.push({ one, more: 1e3 / (await onlinePace(base, ids)) });
    }
    base.dispose();
    const ratio = median(pairs.map(({ one, more }) => more / one));
    const baseline = { name: 'one CMS level', value: median(pairs.map(({ one }) => one)), ratio };
    const value = median(pairs.map(({ more }) => more));
    // Linear at worst: so many levels cost at most so many times one.
    yield compared(
      `online training, ${count} CMS levels`,
      { value, unit: 'ms a token', digits: 3 },
      baseline,
      {
        atMost: count,
      },
    );
  }
  single.dispose();
}
