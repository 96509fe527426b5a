import type { Values } from '../archive/dtype.ts';
import type { TensorStatistics } from '../protocol/inspection.ts';

/** Adds up statistics piece by piece, in one pass. */
export class Statistics {
  #read = 0;
  #nan = 0;
  #infinite = 0;
  #zeros = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = Number.NEGATIVE_INFINITY;
  #sum = 0;
  #squares = 0;

  add(values: Values): void {
    if (!this.#addFinite(values)) this.#addAny(values);
    this.#read += values.length;
  }

  /** Adds values that are all finite; otherwise adds none. Two sums of each kind, for one addition waits for the last. */
  #addFinite(values: Values): boolean {
    let min = this.#min;
    let max = this.#max;
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
    this.#min = min;
    this.#max = max;
    this.#zeros += zeros;
    this.#sum += sum + otherSum;
    this.#squares += total;
    return true;
  }

  #addAny(values: Values): void {
    for (let i = 0; i < values.length; i++) {
      const value = values[i];
      if (Number.isNaN(value)) this.#nan++;
      else if (!Number.isFinite(value)) this.#infinite++;
      else {
        this.#min = Math.min(this.#min, value);
        this.#max = Math.max(this.#max, value);
        if (value === 0) this.#zeros++;
        this.#sum += value;
        this.#squares += value * value;
      }
    }
  }

  /** @param total values of the tensor, of which those that were added may be a sample */
  result(total = this.#read): TensorStatistics {
    const finite = this.#read - this.#nan - this.#infinite;
    const mean = this.#sum / finite;
    return {
      read: this.#read,
      total,
      nan: this.#nan,
      infinite: this.#infinite,
      zeros: this.#zeros,
      min: finite ? this.#min : Number.NaN,
      max: finite ? this.#max : Number.NaN,
      mean,
      deviation: Math.sqrt(Math.max(0, this.#squares / finite - mean * mean)),
      norm: this.#read ? Math.sqrt((this.#squares * total) / this.#read) : 0,
    };
  }
}
