import type { HostBackend } from '../hostBackend.ts';
import type { KernelModule } from '../kernelModule.ts';
import type { KernelPool } from './kernelPool.ts';

// Four products of 64 × 64 matrices, some 50 µs on one core: about the smallest kernel that is shared.
const SIZE = 64;
const BATCH = 4;
const FLOATS = SIZE * SIZE;
const ROUNDS = 15;
const REPEATS = 4;

/** How many times faster a small kernel is on the pool's cores, the median of rounds that alternate. 0: it cannot be tried. */
export function poolGain(module: KernelModule, { wasm }: HostBackend, pool: KernelPool): number {
  const address = wasm._malloc(3 * BATCH * FLOATS * 4) >>> 0;
  if (address === 0) return 0;
  const before = module.pool;
  try {
    const sides = module.view(address, 2 * BATCH * FLOATS);
    for (let i = 0; i < sides.length; i++) sides[i] = (i % 17) / 17;
    const bytes = 4 * BATCH * FLOATS;
    const one = 4 * FLOATS;
    const numbers = [address, address + bytes, address + 2 * bytes, one, one, SIZE, SIZE, SIZE, 0, 0];
    const time = (on: KernelPool | undefined) => {
      module.pool = on;
      const start = performance.now();
      for (let i = 0; i < REPEATS; i++) {
        module.each('batchMatMul', numbers, BATCH, module.kernels.matMulScratchBytes(), Infinity);
      }
      return performance.now() - start;
    };
    const gains: number[] = [];
    for (let round = 0; round < 2 * ROUNDS; round++) {
      const [single, several] = [time(undefined), time(pool)];
      // In the first rounds the kernels are still being compiled.
      if (round >= ROUNDS) gains.push(single / several);
    }
    gains.sort((a, b) => a - b);
    return gains[ROUNDS >> 1];
  } finally {
    module.pool = before;
    wasm._free(address);
  }
}
