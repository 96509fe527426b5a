import { Heap } from './heap.ts';

/** Two neighbouring symbols, how often they occur, and the words they are or once were in. */
export interface Pair {
  readonly left: number;
  readonly right: number;
  count: number;
  readonly words: Set<number>;
}

interface Entry {
  readonly pair: Pair;
  readonly count: number;
}

// Symbols stay below 2^24, so that two of them fit one exact integer.
const symbolRange = 2 ** 24;

/**
 * Counts of all neighbouring symbols of a table of weighted words, kept up to date while pairs are merged.
 * Every position counts, so "aaa" holds the pair (a, a) twice.
 */
export class PairTable {
  readonly #pairs = new Map<number, Pair>();
  readonly #heap: Heap<Entry>;

  /** @param spelling Text of a symbol; equal counts are ordered by it, left symbol first. */
  constructor(
    private readonly words: { readonly symbols: number[]; readonly count: number }[],
    spelling: (symbol: number) => string,
  ) {
    this.#heap = new Heap((a, b) => {
      if (a.count !== b.count) return a.count > b.count;
      const [left, other] = [spelling(a.pair.left), spelling(b.pair.left)];
      return left !== other ? left < other : spelling(a.pair.right) < spelling(b.pair.right);
    });
    const touched = new Set<Pair>();
    for (const index of words.keys()) this.#count(index, 0, words[index]!.symbols.length - 1, 1, touched);
    this.#offer(touched);
  }

  /** The pair that occurs most often, undefined when no two symbols are left side by side. */
  best(): Pair | undefined {
    for (let entry = this.#heap.pop(); entry !== undefined; entry = this.#heap.pop()) {
      if (entry.count === entry.pair.count) return entry.pair;
      // Counts that fell are noticed only here; counts that grew were offered anew.
      if (entry.count > entry.pair.count && entry.pair.count > 0) this.#offer([entry.pair]);
    }
    return undefined;
  }

  /** Replaces the pair by one symbol wherever it occurs, from left to right. */
  merge(pair: Pair, symbol: number): void {
    const touched = new Set<Pair>();
    for (const index of pair.words) {
      const { symbols } = this.words[index]!;
      const range = rangeOf(symbols, pair);
      if (range === undefined) continue;
      const [from, to] = range;
      const length = symbols.length;
      this.#count(index, from, to, -1, touched);
      join(symbols, pair, symbol);
      this.#count(index, from, to - (length - symbols.length), 1, touched);
    }
    pair.words.clear();
    this.#offer(touched);
  }

  /** Adds or takes away the pairs between the symbols `from` to `to` of a word. */
  #count(index: number, from: number, to: number, sign: 1 | -1, touched: Set<Pair>): void {
    const { symbols, count } = this.words[index]!;
    for (let at = from; at < to; at++) {
      const pair = this.#pair(symbols[at]!, symbols[at + 1]!);
      pair.count += sign * count;
      if (sign > 0) {
        pair.words.add(index);
        touched.add(pair);
      }
    }
  }

  #pair(left: number, right: number): Pair {
    const key = left * symbolRange + right;
    let pair = this.#pairs.get(key);
    if (pair === undefined) {
      pair = { left, right, count: 0, words: new Set() };
      this.#pairs.set(key, pair);
    }
    return pair;
  }

  #offer(pairs: Iterable<Pair>): void {
    for (const pair of pairs) if (pair.count > 0) this.#heap.push({ pair, count: pair.count });
  }
}

/** First to last symbol whose neighbours a merge of the pair changes; undefined when it does not occur. */
function rangeOf(symbols: readonly number[], { left, right }: Pair): [from: number, to: number] | undefined {
  let first = -1;
  let last = -1;
  for (let at = 1; at < symbols.length; at++) {
    if (symbols[at - 1] !== left || symbols[at] !== right) continue;
    if (first < 0) first = at - 1;
    last = at;
  }
  return first < 0 ? undefined : [Math.max(first - 1, 0), Math.min(last + 1, symbols.length - 1)];
}

function join(symbols: number[], { left, right }: Pair, symbol: number): void {
  let to = 0;
  for (let from = 0; from < symbols.length; from++, to++) {
    const here = symbols[from] === left && symbols[from + 1] === right;
    symbols[to] = here ? symbol : symbols[from]!;
    if (here) from++;
  }
  symbols.length = to;
}
