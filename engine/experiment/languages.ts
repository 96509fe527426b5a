import type { Random } from '../tensor/random.ts';

/**
 * A formal language (Table 5). After every prefix of a word a model says which symbols may come next, the end of the
 * word among them, as one class; a word is right when every answer is.
 */
export interface Language {
  readonly name: string;
  readonly symbols: number;
  readonly classes: number;
  /** Lengths that words of this language have. */
  has(length: number): boolean;
  /** A word of this length, symbols from 0, and the class after each prefix, the empty one first. */
  word(length: number, random: Random): { symbols: number[]; classes: number[] };
}

/** Classes after every prefix by what has been read so far. */
function classesOf<State>(
  symbols: readonly number[],
  start: State,
  next: (state: State, symbol: number) => State,
  classOf: (state: State) => number,
): number[] {
  let state = start;
  return [
    classOf(state),
    ...symbols.map(symbol => {
      state = next(state, symbol);
      return classOf(state);
    }),
  ];
}

/** Words with an even number of ones: whether the word may end. */
const parity: Language = {
  name: 'parity',
  symbols: 2,
  classes: 2,
  has: () => true,
  word(length, random) {
    const symbols = Array.from({ length }, () => random.below(2));
    return {
      symbols,
      classes: classesOf(
        symbols,
        0,
        (ones, s) => (ones + s) % 2,
        ones => ones,
      ),
    };
  },
};

/** A word repeated: one symbol may come next, and where the word begins again it may end. */
function repeated(name: string, unit: readonly number[]): Language {
  const symbols = Math.max(...unit) + 1;
  // Class 0 where the word may end, which is at the first symbol's place alone, else one for each symbol.
  const classOf = (place: number) => (place === 0 ? 0 : 1 + unit[place]);
  const used = [...new Set(unit.map((_, place) => classOf(place)))].toSorted();
  return {
    name,
    symbols,
    classes: used.length,
    has: length => length % unit.length === 0,
    word(length) {
      const word = Array.from({ length }, (_, i) => unit[i % unit.length]);
      const next = (place: number) => (place + 1) % unit.length;
      return { symbols: word, classes: classesOf(word, 0, next, place => used.indexOf(classOf(place))) };
    },
  };
}

/** a…ab…b, a…ab…bc…c, as many of each. Classes: another a or the first b; a certain symbol; the end. */
function counting(name: string, kinds: number): Language {
  return {
    name,
    symbols: kinds,
    classes: kinds + 1,
    has: length => length > 0 && length % kinds === 0,
    word(length) {
      const count = length / kinds;
      const symbols = Array.from({ length }, (_, i) => Math.floor(i / count));
      // After i symbols comes that of place i; while a's are read it may also be another a, which is class 0.
      const classOf = (i: number) => (i <= count ? 0 : Math.floor(i / count));
      return { symbols, classes: classesOf<number>(symbols, 0, i => i + 1, classOf) };
    },
  };
}

/** Two kinds of brackets, each balanced by itself: which of the two may close. */
const shuffle2: Language = {
  name: 'Shuffle-2',
  symbols: 4,
  classes: 4,
  has: length => length % 2 === 0,
  word(length, random) {
    const depth = [0, 0];
    const symbols = Array.from({ length }, (_, i) => {
      const left = length - i;
      const open = depth[0] + depth[1];
      const closes = open > 0 && (open === left || random.uniform() < 0.5);
      const kind = closes ? (random.below(open) < depth[0] ? 0 : 1) : random.below(2);
      depth[kind] += closes ? -1 : 1;
      return 2 * kind + Number(closes);
    });
    const next = (state: readonly number[], symbol: number) => {
      const [kind, by] = [symbol >> 1, symbol % 2 ? -1 : 1];
      return state.map((d, k) => (k === kind ? d + by : d));
    };
    const classOf = (state: readonly number[]) => Number(state[0] > 0) + 2 * Number(state[1] > 0);
    return { symbols, classes: classesOf(symbols, [0, 0] as readonly number[], next, classOf) };
  },
};

export const LANGUAGES: readonly Language[] = [
  parity,
  repeated('(aa)*', [0, 0]),
  repeated('(abab)*', [0, 1, 0, 1]),
  counting('aⁿbⁿ', 2),
  counting('aⁿbⁿcⁿ', 3),
  shuffle2,
];
