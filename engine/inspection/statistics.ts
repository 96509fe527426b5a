import type { Archive, StoredTensor } from '../archive/archive.ts';
import type { Values } from '../archive/dtype.ts';
import { valuesOf } from '../archive/values.ts';
import type { TensorStatistics } from '../protocol/inspection.ts';
import { Workspace } from './workspace.ts';

// A piece with values that are not finite is gone through in blocks, so that few of them are gone through one by one.
const blockLength = 2 ** 12;

/** Adds up statistics piece by piece, in one pass. */
export class Statistics {
  readonly #workspace?: Workspace;
  #read = 0;
  #nan = 0;
  #infinite = 0;
  /** Σ x, Σ x², zeros, the least and the largest value. */
  readonly #sums = Float64Array.of(0, 0, 0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY);

  /** @param workspace what lies in its memory is added by its loops */
  constructor(workspace?: Workspace) {
    this.#workspace = workspace;
  }

  add(values: Values): void {
    this.#read += values.length;
    if (this.#addFinite(values)) return;
    for (let from = 0; from < values.length; from += blockLength) {
      const block = values.subarray(from, from + blockLength);
      if (!this.#addFinite(block)) this.#addAny(block);
    }
  }

  /** Adds values that are all finite; otherwise adds none. */
  #addFinite(values: Values): boolean {
    const place = this.#workspace?.placeOf(values);
    if (place === undefined) return this.#addPlainly(values);
    const { loops } = this.#workspace!;
    return this.#workspace!.adding(this.#sums, sums => loops.addStatistics(place, values.length, sums));
  }

  /** Two sums of each kind, for one addition waits for the last. */
  #addPlainly(values: Values): boolean {
    let [, , , min, max] = this.#sums;
    let zeros = 0;
    let sum = 0;
    let otherSum = 0;
    let squares = 0;
    let otherSquares = 0;
    const even = values.length - (values.length % 2);
    for (let i = 0; i < even; i += 2) {
      const a = values[i];
      const b = values[i + 1];
      sum += a;
      otherSum += b;
      squares += a * a;
      otherSquares += b * b;
      if (a < min) min = a;
      if (b < min) min = b;
      if (a > max) max = a;
      if (b > max) max = b;
      if (a === 0) zeros++;
      if (b === 0) zeros++;
    }
    for (let i = even; i < values.length; i++) {
      const a = values[i];
      sum += a;
      squares += a * a;
      if (a < min) min = a;
      if (a > max) max = a;
      if (a === 0) zeros++;
    }
    const total = squares + otherSquares;
    // A value that is not finite leaves no finite sum of squares.
    if (!Number.isFinite(total)) return false;
    this.#sums[0] += sum + otherSum;
    this.#sums[1] += total;
    this.#sums[2] += zeros;
    this.#sums[3] = min;
    this.#sums[4] = max;
    return true;
  }

  #addAny(values: Values): void {
    const sums = this.#sums;
    for (let i = 0; i < values.length; i++) {
      const value = values[i];
      if (Number.isNaN(value)) this.#nan++;
      else if (!Number.isFinite(value)) this.#infinite++;
      else {
        sums[0] += value;
        sums[1] += value * value;
        if (value === 0) sums[2]++;
        if (value < sums[3]) sums[3] = value;
        if (value > sums[4]) sums[4] = value;
      }
    }
  }

  /** @param total values of the tensor, of which those that were added may be a sample */
  result(total = this.#read): TensorStatistics {
    const finite = this.#read - this.#nan - this.#infinite;
    const [sum, squares, zeros, min, max] = this.#sums;
    const mean = sum / finite;
    return {
      read: this.#read,
      total,
      nan: this.#nan,
      infinite: this.#infinite,
      zeros,
      min: finite ? min : Number.NaN,
      max: finite ? max : Number.NaN,
      mean,
      deviation: Math.sqrt(Math.max(0, squares / finite - mean * mean)),
      norm: this.#read ? Math.sqrt((squares * total) / this.#read) : 0,
    };
  }
}

/** Statistics of every value of a tensor. */
export async function statisticsOf(
  archive: Archive,
  tensor: StoredTensor,
  signal?: AbortSignal,
): Promise<TensorStatistics> {
  const workspace = Workspace.take();
  const statistics = new Statistics(workspace);
  for await (const { values } of valuesOf(archive, tensor, signal, workspace.lane(0))) {
    statistics.add(values);
  }
  workspace.giveBack();
  return statistics.result();
}
