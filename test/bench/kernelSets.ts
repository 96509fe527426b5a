import { openBackend } from '../../engine/tensor/backend.ts';
import { tf } from '../../engine/tensor/tf.ts';
import { openWasm } from '../../engine/tensor/wasmBackend.ts';
import { median } from './statistics.mjs';

const folder = 'engine/tensor/build';

export interface KernelSets {
  /** Puts the library's kernels or ours in place. */
  use(set: 'stock' | 'ours'): void;
  /** Has our kernels compute on that many cores; the library's stay on one. */
  useCores(count: number): Promise<void>;
}

/** The library's kernels and ours on one open wasm backend; once a process, as what is registered is global. */
export async function openKernelSets(): Promise<KernelSets> {
  tf.setWasmPaths(`${folder}/`);
  await tf.setBackend('wasm');
  const sets = {
    stock: tf.getKernelsForBackend('wasm'),
    ours: [] as ReturnType<typeof tf.getKernelsForBackend>,
  };
  await openBackend('wasm', { wasmFolder: folder });
  sets.ours = tf.getKernelsForBackend('wasm');
  // The library has none, and without it embeddings no gradient.
  sets.stock.push(...sets.ours.filter(({ kernelName }) => kernelName === 'UnsortedSegmentSum'));
  return {
    use(set) {
      for (const { kernelName } of tf.getKernelsForBackend('wasm')) tf.unregisterKernel(kernelName, 'wasm');
      for (const kernel of sets[set]) tf.registerKernel(kernel);
    },
    useCores: threads => openWasm(folder, { threads }),
  };
}

/** Seconds of processor time that `run` takes, which a busy machine changes less than the time on the clock. */
export async function processorSeconds(run: () => void | Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

/** Seconds on the clock, for what several cores do together. */
export async function clockSeconds(run: () => void | Promise<void>): Promise<number> {
  const before = performance.now();
  await run();
  return (performance.now() - before) / 1000;
}

/** Medians of both sets, alternating, after one run of either. */
export async function alternate(
  use: (set: 'stock' | 'ours') => void,
  rounds: number,
  runs: Record<'stock' | 'ours', () => Promise<number>>,
): Promise<{ stock: number; ours: number; ratio: number }> {
  const rates = { stock: [] as number[], ours: [] as number[], ratio: [] as number[] };
  for (let round = 0; round <= rounds; round++) {
    const rate = { stock: 0, ours: 0 };
    for (const set of ['stock', 'ours'] as const) {
      use(set);
      rate[set] = await runs[set]();
    }
    if (round === 0) continue;
    rates.stock.push(rate.stock);
    rates.ours.push(rate.ours);
    rates.ratio.push(rate.ours / rate.stock);
  }
  return { stock: median(rates.stock), ours: median(rates.ours), ratio: median(rates.ratio) };
}
