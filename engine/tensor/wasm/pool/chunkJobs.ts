import type { Kernels } from '../kernelModule.ts';

// Numbers of both: k, v, q, η, log α, tokens, queries, width, ceiling, dot product, memories; those of each memory.
const MEMORY = 11;
const MEMORY_NUMBERS = 10;

/** Gates and tokens of one head. */
function prepare(kernels: Kernels, numbers: ArrayLike<number>, head: number, work: number): void {
  const [chunk, queries, width] = [numbers[5], numbers[6], numbers[7]];
  const keys = 4 * head * chunk * width;
  const gates = 4 * head * chunk;
  kernels.prepareChunk(
    numbers[0] + keys,
    numbers[1] + keys,
    numbers[2] + 4 * head * queries * width,
    numbers[3] + gates,
    numbers[4] + gates,
    1,
    chunk,
    queries,
    width,
    work,
  );
}

/** Of each memory W1, W2, new W1, new W2, subtracted W1 and W2 or 0, surprise, read, hidden, outputs. Units are heads. */
export function writeChunk(kernels: Kernels, numbers: ArrayLike<number>, head: number, work: number): void {
  const [chunk, queries, width] = [numbers[5], numbers[6], numbers[7]];
  prepare(kernels, numbers, head, work);
  for (let memory = 0; memory < numbers[10]; memory++) {
    const m = MEMORY + MEMORY_NUMBERS * memory;
    const [hidden, outputs] = [numbers[m + 8], numbers[m + 9]];
    const first = 4 * head * outputs * hidden;
    const second = 4 * head * hidden * width;
    kernels.writeChunk(
      numbers[3] + 4 * head * chunk,
      numbers[m] + first,
      numbers[m + 1] + second,
      numbers[m + 2] + first,
      numbers[m + 3] + second,
      numbers[m + 4] && numbers[m + 4] + first,
      numbers[m + 5] && numbers[m + 5] + second,
      numbers[m + 6] + 4 * head * chunk * outputs,
      numbers[m + 7] + 4 * head * queries * outputs,
      1,
      chunk,
      queries,
      width,
      hidden,
      outputs,
      numbers[8],
      numbers[9] !== 0,
      work,
    );
  }
}

/**
 * Of each memory W1, W2, d(new W1), d(new W2), d(read), dW1, dW2, nothing, hidden, outputs; after the last dk, dv, dη,
 * d log α, dq. Units are heads.
 */
export function chunkGradient(
  kernels: Kernels,
  numbers: ArrayLike<number>,
  head: number,
  work: number,
): void {
  const [chunk, queries, width, memories] = [numbers[5], numbers[6], numbers[7], numbers[10]];
  const gates = 4 * head * chunk;
  prepare(kernels, numbers, head, work);
  kernels.clearSums(1, chunk, queries, width, work);
  for (let memory = 0; memory < memories; memory++) {
    const m = MEMORY + MEMORY_NUMBERS * memory;
    const [hidden, outputs] = [numbers[m + 8], numbers[m + 9]];
    const first = 4 * head * outputs * hidden;
    const second = 4 * head * hidden * width;
    kernels.chunkGradient(
      numbers[3] + gates,
      numbers[m] + first,
      numbers[m + 1] + second,
      numbers[m + 2] + first,
      numbers[m + 3] + second,
      numbers[m + 4] + 4 * head * queries * outputs,
      numbers[m + 5] + first,
      numbers[m + 6] + second,
      1,
      chunk,
      queries,
      width,
      hidden,
      outputs,
      numbers[8],
      numbers[9] !== 0,
      work,
    );
  }
  const made = MEMORY + MEMORY_NUMBERS * memories;
  const keys = 4 * head * chunk * width;
  kernels.finishGradient(
    numbers[3] + gates,
    numbers[made] + keys,
    numbers[made + 1] + keys,
    numbers[made + 4] + 4 * head * queries * width,
    numbers[made + 2] + gates,
    numbers[made + 3] + gates,
    1,
    chunk,
    queries,
    width,
    work,
  );
}
