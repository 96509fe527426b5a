import type { Kernels } from '../kernelModule.ts';

/** z, W1, W2, out, pre, tokens, width, hidden, outputs. Units are heads. */
export function readMemory(kernels: Kernels, numbers: ArrayLike<number>, head: number, work: number): void {
  const [tokens, width, hidden, outputs] = [numbers[5], numbers[6], numbers[7], numbers[8]];
  kernels.readMemory(
    numbers[0] + 4 * head * tokens * width,
    numbers[1] + 4 * head * outputs * hidden,
    numbers[2] + 4 * head * hidden * width,
    numbers[3] + 4 * head * tokens * outputs,
    numbers[4] + 4 * head * tokens * hidden,
    1,
    tokens,
    width,
    hidden,
    outputs,
    work,
  );
}

/** z, W1, W2, pre, d(out), dz, dW1 or 0, dW2 or 0, tokens, width, hidden, outputs. Units are heads. */
export function readMemoryGradient(
  kernels: Kernels,
  numbers: ArrayLike<number>,
  head: number,
  work: number,
): void {
  const [tokens, width, hidden, outputs] = [numbers[8], numbers[9], numbers[10], numbers[11]];
  const first = 4 * head * outputs * hidden;
  const second = 4 * head * hidden * width;
  kernels.readMemoryGradient(
    numbers[0] + 4 * head * tokens * width,
    numbers[1] + first,
    numbers[2] + second,
    numbers[3] + 4 * head * tokens * hidden,
    numbers[4] + 4 * head * tokens * outputs,
    numbers[5] + 4 * head * tokens * width,
    numbers[6] && numbers[6] + first,
    numbers[7] && numbers[7] + second,
    1,
    tokens,
    width,
    hidden,
    outputs,
    work,
  );
}
