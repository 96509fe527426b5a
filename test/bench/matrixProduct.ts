import { tf } from '../../engine/tensor/tf.ts';
import { alternate, type KernelSets, processorSeconds } from './kernelSets.ts';
import { compared } from './statistics.mjs';

const SIZES = [128, 131, 256, 512, 1024];
const CASES = [
  ['A·B', 1, false, false],
  ['Aᵀ·B', 1, true, false],
  ['A·Bᵀ', 1, false, true],
  ['Aᵀ·Bᵀ', 1, true, true],
  ['4 × A·B', 4, false, false],
] as const;

/** GFLOP/s of one core, by processor time. */
export async function productRate(
  [a, b]: readonly tf.Tensor[],
  batch = 1,
  transposeA = false,
  transposeB = false,
): Promise<number> {
  const flops = 2 * a.shape[0] ** 3;
  const times = Math.max(2, Math.round(4e8 / flops));
  const [x, y] = [a, b].map(each => (batch === 1 ? each : tf.stack(Array(batch).fill(each))));
  const seconds = await processorSeconds(() => {
    for (let i = 0; i < times; i += batch) tf.matMul(x, y, transposeA, transposeB).dispose();
  });
  if (batch > 1) tf.dispose([x, y]);
  return (flops * Math.ceil(times / batch) * batch) / seconds / 1e9;
}

/**
 * Matrix products of our kernels, every transposition, against the library's untransposed one, one core; then the
 * slowest of each size against the fastest product that any kernel of this process reached.
 */
export async function* rows({ use }: KernelSets) {
  let peak = 0;
  const slowest = new Map<number, number>();
  for (const size of SIZES) {
    const sides = [0, 1].map(() => tf.randomNormal([size, size]));
    for (const [name, batch, transposeA, transposeB] of CASES) {
      const runs = {
        stock: () => productRate(sides),
        ours: () => productRate(sides, batch, transposeA, transposeB),
      };
      const { stock, ours, ratio } = await alternate(use, 5, runs);
      peak = Math.max(peak, stock, ours);
      slowest.set(size, Math.min(slowest.get(size) ?? ours, ours));
      const baseline = { name: 'stock tfjs-wasm, A·B', value: stock, ratio };
      const measured = { value: ours, unit: 'GFLOP/s', digits: 1 };
      yield compared(`matrix product ${size}, ${name}`, measured, baseline, { atLeast: 1.6 });
    }
    tf.dispose(sides);
  }
  for (const [size, value] of slowest) {
    const baseline = { name: 'fastest of all these products', value: peak };
    yield compared(`matrix product ${size}, slowest form`, { value, unit: 'GFLOP/s', digits: 1 }, baseline);
  }
}
