import { tf } from '../../engine/tensor/tf.ts';
import { alternate, clockSeconds, type KernelSets, processorSeconds } from './kernelSets.ts';
import { multiplyAddPeak } from './multiplyAddPeak.ts';
import { compared, median } from './statistics.mjs';

const SIZES = [128, 131, 256, 512, 1024];
const CASES = [
  ['A·B', 1, false, false],
  ['Aᵀ·B', 1, true, false],
  ['A·Bᵀ', 1, false, true],
  ['Aᵀ·Bᵀ', 1, true, true],
  ['4 × A·B', 4, false, false],
] as const;

/** GFLOP/s, of processor time unless `clock` takes another. */
export async function productRate(
  [a, b]: readonly tf.Tensor[],
  batch = 1,
  transposeA = false,
  transposeB = false,
  clock = processorSeconds,
): Promise<number> {
  const flops = 2 * a.shape[0] ** 3;
  const times = Math.max(2, Math.round(4e8 / flops));
  const [x, y] = [a, b].map(each => (batch === 1 ? each : tf.stack(Array(batch).fill(each))));
  const seconds = await clock(() => {
    for (let i = 0; i < times; i += batch) tf.matMul(x, y, transposeA, transposeB).dispose();
  });
  if (batch > 1) tf.dispose([x, y]);
  return (flops * Math.ceil(times / batch) * batch) / seconds / 1e9;
}

/**
 * Matrix products of our kernels, every transposition, against the library's untransposed one, one core; then the
 * slowest of each size against what a core can do at all.
 */
export async function* rows({ use, useCores }: KernelSets) {
  let fastestStock = 0;
  const slowest = new Map<number, number>();
  for (const size of SIZES) {
    const sides = [0, 1].map(() => tf.randomNormal([size, size]));
    for (const [name, batch, transposeA, transposeB] of CASES) {
      const runs = {
        stock: () => productRate(sides),
        ours: () => productRate(sides, batch, transposeA, transposeB),
      };
      const { stock, ours, ratio } = await alternate(use, 5, runs);
      fastestStock = Math.max(fastestStock, stock);
      slowest.set(size, Math.min(slowest.get(size) ?? ours, ours));
      const baseline = { name: 'stock tfjs-wasm, A·B', value: stock, ratio };
      const measured = { value: ours, unit: 'GFLOP/s', digits: 1 };
      yield compared(`matrix product ${size}, ${name}`, measured, baseline, { atLeast: 1.6 });
    }
    yield await onTwoCores(size, sides, useCores);
    tf.dispose(sides);
  }
  const limit = await multiplyAddPeak();
  const alone = { value: limit, unit: 'GFLOP/s', digits: 1 };
  const stock = { name: 'fastest of stock tfjs-wasm, A·B', value: fastestStock };
  yield compared('multiply-adds in registers alone, the limit of vectors of 128 bits', alone, stock);
  for (const [size, value] of slowest) {
    const baseline = { name: 'multiply-adds in registers alone', value: limit };
    yield compared(`matrix product ${size}, slowest form`, { value, unit: 'GFLOP/s', digits: 1 }, baseline);
  }
}

/** Ours on two cores against ours on one, by the clock, alternating. */
async function onTwoCores(size: number, sides: readonly tf.Tensor[], useCores: KernelSets['useCores']) {
  const rates: number[][] = [[], []];
  for (let round = 0; round < 6; round++) {
    for (const cores of [1, 2]) {
      await useCores(cores);
      await productRate(sides, 1, false, false, clockSeconds);
      const rate = await productRate(sides, 1, false, false, clockSeconds);
      if (round > 0) rates[cores - 1].push(rate);
    }
  }
  await useCores(1);
  const ratio = median(rates[1].map((rate, i) => rate / rates[0][i]));
  const baseline = { name: 'the same on one core, by the clock', value: median(rates[0]), ratio };
  const measured = { value: median(rates[1]), unit: 'GFLOP/s', digits: 1 };
  return compared(`matrix product ${size}, A·B, two cores`, measured, baseline);
}
