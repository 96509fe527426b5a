import { Random } from '../tensor/random.ts';
import type { Rows } from '../train/rowGradients.ts';
import type { Language } from './languages.ts';

/** Token before every word, which begins a document. */
export const START = 0;

/** Lengths from the first to the last, both among them. */
export interface LengthBin {
  readonly from: number;
  readonly to: number;
}

/** Tokens that a model of this language knows: the start, its symbols, its classes. */
export function vocabularyOf({ symbols, classes }: Language): number {
  return 1 + symbols + classes;
}

/** Words of one length as rows: the start and the symbols are read, the classes are answered. */
export function rowsOf(language: Language, length: number, count: number, random: Random): Rows {
  const tokens = length + 1;
  const ids = new Int32Array(count * tokens);
  const targets = new Int32Array(count * tokens);
  for (let row = 0; row < count; row++) {
    const { symbols, classes } = language.word(length, random);
    ids.set([START, ...symbols.map(symbol => 1 + symbol)], row * tokens);
    targets.set(
      classes.map(answer => 1 + language.symbols + answer),
      row * tokens,
    );
  }
  return { ids, targets };
}

/** Rows of a training step, a pure function of seed and step: going on needs no state. */
export function trainingRows(
  language: Language,
  { from, to }: LengthBin,
  batch: number,
  seed: number,
  step: number,
): Rows {
  const random = new Random(Math.imul(seed, 0x85ebca6b) ^ Math.imul(step, 0x9e3779b1));
  return rowsOf(language, lengthIn(language, { from, to }, random.uniform()), batch, random);
}

/** Words that are tested, `count` of each of `lengths` lengths spread over the bin, the same for every system. */
export function testRows(language: Language, bin: LengthBin, lengths: number, count: number): Rows[] {
  const random = new Random(0x7e57 + bin.from);
  const spread = Array.from({ length: lengths }, (_, i) => lengthIn(language, bin, (i + 0.5) / lengths));
  return [...new Set(spread)].map(length => rowsOf(language, length, count, random));
}

/** A length of the bin that the language has. @param share of the way through it, below 1 */
function lengthIn(language: Language, { from, to }: LengthBin, share: number): number {
  const possible = Array.from({ length: to - from + 1 }, (_, i) => from + i).filter(n => language.has(n));
  return possible[Math.floor(share * possible.length)];
}
