import { availableParallelism } from 'node:os';
import type { ThreadCount } from '../../../protocol/threads.ts';
import type { HostBackend } from '../hostBackend.ts';
import { type KernelModule, lastingMemory } from '../kernelModule.ts';
import { KernelPool, type PoolOptions } from './kernelPool.ts';
import { poolGain } from './poolGain.ts';

/** Cores that are tried by themselves: a kernel has few parts, a memory's heads for one. */
const MOST_CORES = 4;
/** Times faster that the test has to be: below, the other core is better left to others. */
const LEAST_GAIN = 1.25;

/**
 * Gives the kernels a pool of threads. @param file what a thread runs @returns what was decided, in a sentence
 * @throws Error when a number is asked for and the threads do not start
 */
export async function openPool(
  module: KernelModule,
  backend: HostBackend,
  count: ThreadCount,
  file: string,
  options: PoolOptions = {},
): Promise<string> {
  module.pool?.close();
  module.pool = undefined;
  const always = count !== 'auto';
  const start = (cores: number) => {
    const bytes = module.kernels.constantsBytes();
    const constants = Array.from({ length: cores - 1 }, () => lastingMemory(backend, bytes));
    return KernelPool.start(file, { ...module, module: module.compiled, constants }, { ...options, always });
  };
  if (count !== 'auto') {
    if (count > 1) module.pool = await start(count);
    return `Kernels compute on ${coresText(count)}, as asked for.`;
  }
  const tried: string[] = [];
  for (let cores = Math.min(MOST_CORES, availableParallelism()); cores > 1; cores >>= 1) {
    const pool = await start(cores).catch((error: Error) => error);
    if (pool instanceof Error) {
      tried.push(pool.message);
      break;
    }
    const gain = poolGain(module, backend, pool);
    const text = `${gain.toFixed(2)} times as fast on ${cores} cores`;
    if (gain >= LEAST_GAIN) {
      module.pool = pool;
      return `Kernels compute on ${coresText(cores)}: a test was ${text}.`;
    }
    pool.close();
    tried.push(`a test was only ${text}`);
  }
  const reason = tried.length ? `: ${tried.join('; ')}` : ', which is all there is';
  return `Kernels compute on one core${reason}.`;
}

function coresText(cores: number): string {
  return cores > 1 ? `${cores} cores` : 'one core';
}
