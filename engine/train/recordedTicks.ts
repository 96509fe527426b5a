import type { Tick } from './tokenStream.ts';

/**
 * The ticks of a text whose tokens are all known, in any order: the same ticks as {@link TokenStream} reads one after
 * the other. Where a recording was cut short in its first pass, those of the tokens it has, and then `last` may be
 * wrong for ticks that were never recorded.
 */
export class RecordedTicks {
  /** Ticks of all passes. */
  readonly count: number;
  /** Stream positions of all passes. */
  readonly positions: number;

  /** @param ids tokens of the text @param epochs passes over it @param size tokens a tick */
  constructor(
    private readonly ids: Int32Array,
    private readonly endOfText: number,
    epochs: number,
    private readonly size: number,
  ) {
    this.positions = ids.length * epochs;
    this.count = Math.ceil(this.positions / size);
  }

  /** @throws RangeError on an index that the text does not have. */
  at(index: number): Tick {
    if (!(index >= 0 && index < this.count)) throw new RangeError(`there is no tick ${index}`);
    const position = index * this.size;
    const length = Math.min(this.size, this.positions - position);
    const targets = Int32Array.from({ length }, (_, i) => this.ids[(position + i) % this.ids.length]);
    const inputs = Int32Array.from({ length }, (_, i) => {
      const token = (position + i) % this.ids.length;
      return token === 0 ? this.endOfText : this.ids[token - 1];
    });
    return { position, inputs, targets, last: index === this.count - 1 };
  }
}
