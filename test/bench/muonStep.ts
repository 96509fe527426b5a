import { orthogonalised } from '../../engine/optimizer/muon.ts';
import { tf } from '../../engine/tensor/tf.ts';
import { alternate, type KernelSets, processorSeconds } from './kernelSets.ts';
import { compared } from './statistics.mjs';

const SHAPE: [number, number, number] = [4, 128, 512];
const TIMES = 5;

/** The orthogonalisation of Muon, for as many matrices as hope-mini has a CMS level, one core. */
export async function* rows({ use }: KernelSets) {
  const g = tf.randomNormal<tf.Rank.R3>(SHAPE, 0, 1, 'float32', 7);
  let first = 0;
  const run = (times: number) => async () => {
    const seconds = await processorSeconds(() => {
      for (let i = 0; i < times; i++) {
        const x = orthogonalised(g);
        first = x.dataSync()[0];
        x.dispose();
      }
    });
    return (1000 * seconds) / times;
  };
  const firsts = { stock: 0, ours: 0 };
  for (const set of ['stock', 'ours'] as const) {
    use(set);
    await run(1)();
    firsts[set] = first;
  }
  if (!(Math.abs(firsts.stock - firsts.ours) < 1e-4)) {
    throw new Error(`Muon gives ${firsts.ours} with our kernels and ${firsts.stock} with the library's.`);
  }
  const { stock, ours } = await alternate(use, 5, { stock: run(1), ours: run(TIMES) });
  const baseline = { name: 'composed on stock tfjs-wasm', value: stock, ratio: stock / ours };
  yield compared(`Muon, ${SHAPE.join(' × ')}, one core`, { value: ours, unit: 'ms', digits: 2 }, baseline);
  g.dispose();
}
