import { tf } from '../../engine/tensor/tf.ts';
import { alternate, type KernelSets, processorSeconds } from './kernelSets.ts';
import { row } from './statistics.mjs';

/** Matrix products of our kernels, every transposition, against the library's untransposed one, one core. */
export async function rows({ use }: KernelSets) {
  const measured = [];
  let worst = Number.POSITIVE_INFINITY;
  for (const size of [128, 131, 256, 512, 1024]) {
    const flops = 2 * size ** 3;
    const times = Math.max(2, Math.round(4e8 / flops));
    const [a, b] = [0, 1].map(() => tf.randomNormal([size, size]));
    const rate = (batch: number, transposeA: boolean, transposeB: boolean) => async () => {
      const [x, y] = [a, b].map(each => (batch === 1 ? each : tf.stack(Array(batch).fill(each))));
      const seconds = await processorSeconds(() => {
        for (let i = 0; i < times; i += batch) tf.matMul(x, y, transposeA, transposeB).dispose();
      });
      if (batch > 1) tf.dispose([x, y]);
      return (flops * Math.ceil(times / batch) * batch) / seconds / 1e9;
    };
    for (const [name, batch, transposeA, transposeB] of [
      ['A·B', 1, false, false],
      ['Aᵀ·B', 1, true, false],
      ['A·Bᵀ', 1, false, true],
      ['Aᵀ·Bᵀ', 1, true, true],
      ['4 × A·B', 4, false, false],
    ] as const) {
      const stock = rate(1, false, false);
      const result = await alternate(use, 5, { stock, ours: rate(batch, transposeA, transposeB) });
      worst = Math.min(worst, result.ratio);
      const { ratio } = result;
      measured.push(
        row(
          `matrix product ${size}, ${name}, ${result.ours.toFixed(0)} against stock A·B ${result.stock.toFixed(0)} GFLOP/s`,
          ratio,
          '×',
          2,
          '≥ 1.6×',
          ratio >= 1.6,
        ),
      );
    }
    tf.dispose([a, b]);
  }
  return [...measured, row('matrix product, the worst of these', worst, '×', 2, '≥ 1.6×', worst >= 1.6)];
}
