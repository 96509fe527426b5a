import type { MemoryWeights } from '../../engine/model/memoryMlp.ts';
import { writeMemories } from '../../engine/model/memoryWrites.ts';
import type { Generated } from '../../engine/model/selfModifyingTitans.ts';
import { Random } from '../../engine/tensor/random.ts';
import { tf } from '../../engine/tensor/tf.ts';
import { alternate, clockSeconds, type KernelSets, processorSeconds } from './kernelSets.ts';
import { productRate } from './matrixProduct.ts';
import { compared } from './statistics.mjs';

export const SHAPE = { heads: 4, width: 64, hidden: 256, chunk: 16, tokens: 512, eta: 0.02, alpha: 0.99 };
const { heads, width, hidden, chunk, tokens } = SHAPE;
/** Nine products a chunk and head: two for each of M(k), M(v), M(q), one for δ, two for the writes. */
const FLOPS_PER_TOKEN = 9 * 2 * heads * width * hidden;

export const NAME = `key workload (${heads} heads, D ${width}, hidden ${hidden}, chunk ${chunk})`;

type Mlp = Pick<Required<MemoryWeights>, 'w1' | 'w2'>;

export interface KeyWorkload {
  readonly start: Mlp;
  readonly chunks: readonly (Generated & { readonly query: tf.Tensor3D })[];
}

/** Random inputs, the same every time. */
export function keyInputs(): KeyWorkload {
  const random = new Random(5);
  const filled = (shape: [number, number, number], scale: number) =>
    tf.tensor3d(
      Float32Array.from({ length: tf.util.sizeFromShape(shape) }, () => scale * random.normal()),
      shape,
    );
  const start = {
    w1: filled([heads, width, hidden], 0.5 / Math.sqrt(hidden)),
    w2: filled([heads, hidden, width], 1 / Math.sqrt(width)),
  };
  const rowsOf = () => filled([heads, chunk, width], 1 / Math.sqrt(width));
  const chunks = Array.from({ length: tokens / chunk }, () => ({
    k: rowsOf(),
    v: rowsOf(),
    query: rowsOf(),
    eta: tf.fill<tf.Rank.R2>([heads, chunk], SHAPE.eta),
    logAlpha: tf.fill<tf.Rank.R2>([heads, chunk], Math.log(SHAPE.alpha)),
  }));
  return { start, chunks };
}

/** Reads and writes all chunks. @param each sees what was read of a chunk, [heads, chunk, width] */
export function keyPass({ start, chunks }: KeyWorkload, each: (read: Float32Array) => void): Mlp {
  let memory: Mlp = { w1: start.w1.clone(), w2: start.w2.clone() };
  for (const { query, ...recorded } of chunks) {
    const next = tf.tidy(() => {
      const all = { k: memory, v: memory, eta: memory, alpha: memory, memory };
      const { memory: written } = writeMemories(all, ['memory'], recorded, { gradientCeiling: 1, query });
      each(written.read!.dataSync() as Float32Array);
      return { w1: written.weights.w1!, w2: written.weights.w2 };
    });
    tf.dispose({ ...memory });
    memory = next;
  }
  return memory;
}

/** Tokens a second, of processor time unless `clock` takes another. */
export async function keyPace(
  workload: KeyWorkload,
  times: number,
  clock = processorSeconds,
): Promise<number> {
  const seconds = await clock(() => {
    for (let i = 0; i < times; i++) tf.dispose({ ...keyPass(workload, () => {}) });
  });
  return (times * tokens) / seconds;
}

/**
 * Read, L2 gradient, decay and delta rule of one memory, chunk by chunk: the composed expression on the library's
 * kernels against our fused one, on one core and on two.
 */
export async function* rows({ use, useCores }: KernelSets) {
  const workload = keyInputs();
  const checks = (['stock', 'ours'] as const).map(set => {
    use(set);
    let last = 0;
    tf.dispose({
      ...keyPass(workload, read => {
        last = read[0];
      }),
    });
    return last;
  });
  if (!(Math.abs(checks[0] - checks[1]) < 1e-4)) {
    throw new Error(`The key workload reads ${checks[1]} with our kernels, ${checks[0]} with the library's.`);
  }
  const runs = { stock: () => keyPace(workload, 1), ours: () => keyPace(workload, 8) };
  const { stock, ours, ratio } = await alternate(use, 5, runs);
  const baseline = { name: 'composed on stock tfjs-wasm', value: stock, ratio };
  yield compared(`${NAME}, fused, one core`, { value: ours, unit: 'tokens/s' }, baseline, { atLeast: 17 });
  await useCores(2);
  const together = {
    stock: () => keyPace(workload, 1, clockSeconds),
    ours: () => keyPace(workload, 8, clockSeconds),
  };
  const two = await alternate(use, 5, together);
  const clock = { ...baseline, value: two.stock, ratio: two.ratio };
  const goal = { atLeast: 30 };
  yield compared(`${NAME}, fused, two cores`, { value: two.ours, unit: 'tokens/s' }, clock, goal);
  await useCores(1);
  use('ours');
  const sides = [0, 1].map(() => tf.randomNormal([512, 512]));
  let product = 0;
  for (let i = 0; i < 5; i++) product = Math.max(product, await productRate(sides));
  const measured = { value: (ours * FLOPS_PER_TOKEN) / 1e9, unit: 'GFLOP/s', digits: 1 };
  yield compared(`${NAME}, its nine products`, measured, { name: 'matrix product 512, A·B', value: product });
}
