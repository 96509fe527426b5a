import { writeMemories } from '../../engine/model/selfModifyingTitans.ts';
import { Random } from '../../engine/tensor/random.ts';
import { tf } from '../../engine/tensor/tf.ts';
import { alternate, type KernelSets, processorSeconds } from './kernelSets.ts';
import { row } from './statistics.mjs';

const [HEADS, WIDTH, HIDDEN, CHUNK, TOKENS] = [4, 64, 256, 16, 512];

/**
 * Read, L2 gradient, decay and delta rule of one memory, chunk by chunk: the composed expression on the library's
 * kernels against our fused one, one core.
 */
export async function rows({ use }: KernelSets) {
  const random = new Random(5);
  const filled = (shape: [number, number, number], scale: number) =>
    tf.tensor3d(
      Float32Array.from({ length: tf.util.sizeFromShape(shape) }, () => scale * random.normal()),
      shape,
    );
  const start = {
    w1: filled([HEADS, WIDTH, HIDDEN], 0.5 / Math.sqrt(HIDDEN)),
    w2: filled([HEADS, HIDDEN, WIDTH], 1 / Math.sqrt(WIDTH)),
  };
  const tokens = () => filled([HEADS, CHUNK, WIDTH], 1 / Math.sqrt(WIDTH));
  const chunks = Array.from({ length: TOKENS / CHUNK }, () => ({
    k: tokens(),
    v: tokens(),
    query: tokens(),
    eta: tf.fill<tf.Rank.R2>([HEADS, CHUNK], 0.02),
    logAlpha: tf.fill<tf.Rank.R2>([HEADS, CHUNK], Math.log(0.99)),
  }));
  let checks = { stock: 0, ours: 0 };
  const pass = (set: 'stock' | 'ours') => {
    let memory = { w1: start.w1.clone(), w2: start.w2.clone() };
    for (const { query, ...chunk } of chunks) {
      const next = tf.tidy(() => {
        const all = { k: memory, v: memory, eta: memory, alpha: memory, memory };
        const { memory: written } = writeMemories(all, ['memory'], chunk, { gradientCeiling: 1, query });
        checks = { ...checks, [set]: written.read!.dataSync()[0] };
        return { w1: written.weights.w1, w2: written.weights.w2 };
      });
      tf.dispose(memory);
      memory = next;
    }
    tf.dispose(memory);
  };
  const rate = (set: 'stock' | 'ours', times: number) => async () =>
    (times * TOKENS) /
    (await processorSeconds(() => {
      for (let i = 0; i < times; i++) pass(set);
    }));
  const { stock, ours, ratio } = await alternate(use, 5, { stock: rate('stock', 1), ours: rate('ours', 8) });
  if (Math.abs(checks.stock - checks.ours) > 1e-4)
    throw new Error(
      `The key workload reads ${checks.ours} with our kernels and ${checks.stock} with the library's.`,
    );
  const what = `key workload (${HEADS} heads, D ${WIDTH}, hidden ${HIDDEN}, chunk ${CHUNK})`;
  return [
    row(`${what}, composed on stock tfjs-wasm`, stock, 'tokens/s'),
    row(`${what}, fused, one core`, ours, 'tokens/s'),
    row(`${what}, fused against stock`, ratio, '×', 1, '≥ 17×', ratio >= 17),
  ];
}
