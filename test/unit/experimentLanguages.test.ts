import { describe, expect, test } from 'vitest';
import { LANGUAGES } from '../../engine/experiment/languages.ts';
import { rowsOf, START, testRows, trainingRows, vocabularyOf } from '../../engine/experiment/words.ts';
import { Random } from '../../engine/tensor/random.ts';

/** Whether a word is in the language, by another description of it than the one that made it. */
const MEMBER: Record<string, (word: string) => boolean> = {
  parity: word => [...word].filter(c => c === 'b').length % 2 === 0,
  '(aa)*': word => /^(aa)*$/.test(word),
  '(abab)*': word => /^(abab)*$/.test(word),
  aⁿbⁿ: word => new RegExp(`^a{${word.length / 2}}b{${word.length / 2}}$`).test(word),
  aⁿbⁿcⁿ: word => {
    const n = word.length / 3;
    return new RegExp(`^a{${n}}b{${n}}c{${n}}$`).test(word);
  },
  'Shuffle-2': word => ['ab', 'cd'].every(pair => balanced(word, pair[0], pair[1])),
};

function balanced(word: string, open: string, close: string): boolean {
  let depth = 0;
  for (const c of word) {
    if (c === open) depth++;
    if (c === close && --depth < 0) return false;
  }
  return depth === 0;
}

const LETTERS = 'abcd';
const spelled = (symbols: readonly number[]) => symbols.map(s => LETTERS[s]).join('');

/** All words of up to 6 letters that are in the language. */
function smallWords(name: string, symbols: number): string[] {
  let [words, all] = [[''], ['']];
  for (let length = 1; length <= 6; length++) {
    words = words.flatMap(word => [...LETTERS.slice(0, symbols)].map(c => word + c));
    all = [...all, ...words];
  }
  return all.filter(word => word !== '' && MEMBER[name](word));
}

describe.each(LANGUAGES)('$name', language => {
  const { name, symbols, classes, has } = language;

  test('has the words that it should', () => {
    const random = new Random(2);
    for (let length = 1; length <= 24; length++) {
      if (!has(length)) continue;
      const word = language.word(length, random);
      expect(word.symbols.length).toBe(length);
      expect(word.classes.length).toBe(length + 1);
      expect(word.symbols.every(s => s >= 0 && s < symbols)).toBe(true);
      expect(word.classes.every(c => c >= 0 && c < classes)).toBe(true);
      // A word of parity may be any; whether it ends in the language is its last class.
      const inside = name !== 'parity' || word.classes.at(-1) === 0;
      expect(MEMBER[name](spelled(word.symbols)), spelled(word.symbols)).toBe(inside);
    }
  });

  test('gives prefixes with other continuations other classes', () => {
    const words = smallWords(name, symbols);
    const random = new Random(3);
    const allowed = (prefix: string) =>
      [...LETTERS.slice(0, symbols), '$'].filter(c =>
        c === '$' ? words.includes(prefix) : words.some(word => word.startsWith(prefix + c)),
      );
    const seen = new Map<string, number>();
    for (let draw = 0; draw < 60; draw++) {
      const length = [2, 3, 4].filter(has)[draw % [2, 3, 4].filter(has).length];
      if (length === undefined) break;
      const word = language.word(length, random);
      word.classes.forEach((answer, i) => {
        const prefix = spelled(word.symbols.slice(0, i));
        // Before its first symbol a word's class says less: an empty word is none of most languages.
        if (i === 0) return;
        const key = allowed(prefix).join('');
        expect(seen.get(key) ?? answer, `${prefix} in ${word.symbols}`).toBe(answer);
        seen.set(key, answer);
      });
    }
  });

  test('makes rows that begin a document, the same for the same step, within the bin', () => {
    const bin = { from: 6, to: 13 };
    const rows = trainingRows(language, bin, 4, 1, 9);
    expect(trainingRows(language, bin, 4, 1, 9)).toEqual(rows);
    expect(rows.ids.length % 4).toBe(0);
    const tokens = rows.ids.length / 4;
    expect(tokens - 1).toBeGreaterThanOrEqual(6);
    expect(tokens - 1).toBeLessThanOrEqual(13);
    for (let row = 0; row < 4; row++) expect(rows.ids[row * tokens]).toBe(START);
    const everything = [...rows.ids, ...rows.targets];
    expect(Math.max(...everything)).toBeLessThan(vocabularyOf(language));
    expect(Math.min(...rows.targets)).toBeGreaterThan(symbols);
    const tested = testRows(language, { from: 20, to: 40 }, 3, 2);
    expect(new Set(tested.map(({ ids }) => ids.length)).size).toBe(tested.length);
    expect(rowsOf(language, 12, 2, new Random(1)).ids.length).toBe(26);
  });
});
