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
    let [min, max, sum, squares, zeros] = [this.#min, this.#max, 0, 0, 0];
    for (let i = 0; i < values.length; i++) {
      const value = values[i];
      const square = value * value;
      // NaN and infinities: the difference is NaN.
      if (value - value !== 0) {
        if (Number.isNaN(value)) this.#nan++;
        else this.#infinite++;
        continue;
      }
      if (value < min) min = value;
      if (value > max) max = value;
      if (value === 0) zeros++;
      sum += value;
      squares += square;
    }
    this.#read += values.length;
    this.#min = min;
    this.#max = max;
    this.#sum += sum;
    this.#squares += squares;
    this.#zeros += zeros;
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
