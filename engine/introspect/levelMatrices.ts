import { dampIntruders, truncate } from './lowRank.ts';
import type { DenseMatrix } from './singularValues.ts';

/** A tensor of a level before and after a change; `[H, O, D]` is a stack of H matrices, `[D]` a vector. */
export interface TensorChange {
  readonly shape: readonly number[];
  readonly before: Float32Array;
  readonly after: Float32Array;
}

/** The matrices in a tensor, views into it. A vector is none. */
export function matricesOf(shape: readonly number[], data: Float32Array): DenseMatrix[] {
  if (shape.length < 2) return [];
  const [rows, columns] = shape.slice(-2);
  const size = rows * columns;
  return Array.from({ length: data.length / size }, (_, i) => ({
    rows,
    columns,
    data: data.subarray(i * size, (i + 1) * size),
  }));
}

/** after − before */
export function difference(before: Float32Array, after: Float32Array): Float32Array {
  return after.map((value, i) => value - before[i]);
}

/** The tensor with its change times `factor`: 0 is the tensor before. */
export function scaleChange({ before, after }: TensorChange, factor: number): Float32Array {
  if (factor === 1) return after.slice();
  return before.map((value, i) => value + factor * (after[i] - value));
}

/** The tensor with every matrix of its change cut to its `rank` largest singular values; a vector has rank 1. */
export function truncateChange({ shape, before, after }: TensorChange, rank: number): Float32Array {
  if (shape.length < 2) return rank > 0 ? after.slice() : before.slice();
  const full = Math.min(...shape.slice(-2));
  if (rank >= full) return after.slice();
  const cut = matricesOf(shape, difference(before, after)).map(matrix => truncate(matrix, rank).data);
  const size = cut[0].length;
  return before.map((value, i) => value + cut[Math.floor(i / size)][i % size]);
}

/** The tensor with the intruder dimensions of every matrix times `factor`; a vector is left as it is. */
export function dampChange(
  { shape, before, after }: TensorChange,
  epsilon: number,
  factor: number,
): Float32Array {
  if (shape.length < 2) return after.slice();
  const old = matricesOf(shape, before);
  const damped = after.slice();
  matricesOf(shape, after).forEach((matrix, i) => {
    damped.set(dampIntruders(old[i], matrix, epsilon, factor).data, i * matrix.data.length);
  });
  return damped;
}
