type Numbers = Uint32Array | Float32Array;

/** A typed array that doubles its room when written past its end; unwritten entries hold `fill`. */
export class Growable<A extends Numbers> {
  #data: A;
  #length = 0;
  readonly #make: (length: number) => A;
  readonly #fill: number;

  constructor(make: (length: number) => A, fill = 0) {
    this.#make = make;
    this.#fill = fill;
    this.#data = make(64);
    this.#data.fill(fill);
  }

  get length(): number {
    return this.#length;
  }

  /** Value at an index, or undefined past the end. */
  at(index: number): number | undefined {
    return index >= 0 && index < this.#length ? this.#data[index] : undefined;
  }

  set(index: number, value: number): void {
    this.#reserve(index + 1);
    this.#data[index] = value;
  }

  write(offset: number, values: ArrayLike<number>): void {
    this.#reserve(offset + values.length);
    this.#data.set(values, offset);
  }

  /** The written part, a view that is stale after the next write. */
  view(): A {
    return this.#data.subarray(0, this.#length) as A;
  }

  #reserve(length: number): void {
    if (length > this.#data.length) {
      const grown = this.#make(Math.max(length, this.#data.length * 2));
      grown.fill(this.#fill, this.#data.length);
      grown.set(this.#data);
      this.#data = grown;
    }
    this.#length = Math.max(this.#length, length);
  }
}
