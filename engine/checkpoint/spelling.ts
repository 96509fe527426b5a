/** A word of a text as the merges see it. */
export interface SpelledWord {
  /** Symbols that merges join, one code point each. */
  readonly symbols: string;
  /** Bytes of the text in UTF-8 that each symbol stands for. */
  readonly bytes: readonly number[];
}

/** How a tokenizer cuts a text into words, between which nothing is merged, and writes them in symbols. */
export interface Spelling {
  /** The words of a text, one after the other, all of it. */
  words(text: string): readonly string[];
  /** @param first of a text, in front of which a spelling may put a space */
  spell(word: string, first: boolean): SpelledWord;
  /** Whether words always end between two neighbouring code points, whatever stands before and behind them. */
  isBoundary(left: string, right: string): boolean;
  /** The bytes that a token stands for. */
  bytesOf(token: string): Uint8Array;
  /** Tokens of a symbol that is none itself, one for each of its bytes; undefined where such are left out. */
  readonly bytesInstead?: (symbol: string) => readonly string[];
}
