import { alternate, type KernelSets } from './kernelSets.ts';
import { millionsOf, onlinePace, openRandomModel, randomTokens, variantOfMini } from './randomModel.ts';
import { compared } from './statistics.mjs';

/** Width, heads and blocks of about 1, 5, 12 and 20 million parameters. */
const SHAPES = [
  [96, 3, 3],
  [192, 2, 4],
  [256, 4, 6],
  [320, 5, 7],
] as const;
const TOKENS = 64;

/** Online training with telemetry by size, hope-mini's periods, random weights, one core. */
export async function* rows({ use }: KernelSets) {
  for (const [width, heads, blocks] of SHAPES) {
    const base = await openRandomModel(await variantOfMini({ width, heads, blocks }));
    const run = () => onlinePace(base, randomTokens(TOKENS, base.config.vocabulary));
    const { stock, ours, ratio } = await alternate(use, 3, { stock: run, ours: run });
    const what = `online training, ${millionsOf(base.config)} M parameters (D ${width}, ${heads} heads, ${blocks} blocks)`;
    base.dispose();
    const baseline = { name: 'the same on stock tfjs-wasm', value: stock, ratio };
    yield compared(what, { value: ours, unit: 'tokens/s', digits: 1 }, baseline);
  }
}
