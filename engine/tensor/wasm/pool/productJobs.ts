import type { Kernels } from '../kernelModule.ts';

/** A, B, C, strides of A and B, m, n, k, transposed A, transposed B. Units are the matrices of the batch. */
export function batchMatMul(kernels: Kernels, numbers: ArrayLike<number>, unit: number, work: number): void {
  const [m, n, k] = [numbers[5], numbers[6], numbers[7]];
  kernels.batchMatMul(
    numbers[0] + unit * numbers[3],
    numbers[1] + unit * numbers[4],
    numbers[2] + 4 * unit * m * n,
    1,
    0,
    0,
    m,
    n,
    k,
    numbers[8] !== 0,
    numbers[9] !== 0,
    work,
  );
}

/** A, B, C, m, n, k, transposed A, transposed B, columns of a unit, a multiple of 32. Units are blocks of columns. */
export function matMulColumns(
  kernels: Kernels,
  numbers: ArrayLike<number>,
  unit: number,
  work: number,
): void {
  const [n, columns] = [numbers[4], numbers[8]];
  kernels.matMulColumns(
    numbers[0],
    numbers[1],
    numbers[2],
    numbers[3],
    n,
    numbers[5],
    numbers[6] !== 0,
    numbers[7] !== 0,
    work,
    unit * columns,
    Math.min(n, (unit + 1) * columns),
  );
}
