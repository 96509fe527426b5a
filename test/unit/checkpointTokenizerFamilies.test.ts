import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Tokenizer } from '../../engine/checkpoint/tokenizer.ts';

interface Case {
  readonly text: string;
  readonly ids: number[];
  readonly offsets: [number, number][];
  readonly decoded: string;
}

const read = (name: string) =>
  JSON.parse(readFileSync(join(import.meta.dirname, '../fixtures/tokenizer', `${name}.json`), 'utf8'));
const recorded: Record<string, Case[]> = read('families_expected');

/** UTF-16 places of places in code points. */
function unitsOf(text: string): number[] {
  const units = [0];
  for (const character of text) units.push(units.at(-1)! + character.length);
  return units;
}

describe.each(Object.keys(recorded))('the tokenizer %s', name => {
  const tokenizer = Tokenizer.parse(read(name), `${name}.json`);
  const metaspace = name.startsWith('llama2');

  test.each(recorded[name])('encodes $text as it is recorded', ({ text, ids, offsets, decoded }) => {
    const found = tokenizer.encode(text);
    expect([...found.ids].map(id => tokenizer.token(id))).toEqual(ids.map(id => tokenizer.token(id)));
    expect([...found.ids]).toEqual(ids);
    // The space in front is no part of the text, and a decoder takes it away.
    const written = tokenizer.decode(found.ids);
    expect(metaspace ? written.replace(/^ /, '') : written).toBe(decoded);
    if (metaspace) return;
    // Byte-level tokens of a part of a character are recorded with all of it, as here.
    const units = unitsOf(text);
    expect(Array.from(found.starts, (start, i) => [start, found.ends[i]])).toEqual(
      offsets.map(([start, end]) => [units[start], units[end]]),
    );
  });

  test('has every token where its part of the text is, and pieces that are those of the whole', () => {
    for (const { text } of recorded[name]) {
      const whole = tokenizer.encode(text);
      let end = 0;
      whole.ids.forEach((_, i) => {
        // Tokens of parts of one character share its place.
        expect(whole.starts[i]).toBeLessThanOrEqual(end);
        expect(whole.ends[i]).toBeGreaterThanOrEqual(end);
        end = whole.ends[i];
      });
      expect(end).toBe(text.length);
      const long = `${text} word`.repeat(20);
      const pieces = [...tokenizer.encodePieces(long, 150)];
      expect(pieces.flatMap(piece => [...piece.ids])).toEqual([...tokenizer.encode(long).ids]);
      expect(pieces.flatMap(piece => [...piece.ends])).toEqual([...tokenizer.encode(long).ends]);
    }
  });

  test('never makes a special token of a text', () => {
    const { content } = read(name).added_tokens[0];
    expect([...tokenizer.encode(`a${content}b`).ids].some(id => tokenizer.isSpecial(id))).toBe(false);
    expect(tokenizer.isSpecial(tokenizer.endOfText)).toBe(true);
    expect(tokenizer.lossless).toBe(true);
  });
});

test('what follows another text has no space in front', () => {
  const llama2 = Tokenizer.parse(read('llama2'), 'llama2.json');
  const tokens = (text: string, follows?: boolean) =>
    [...llama2.encode(text, follows).ids].map(id => llama2.token(id)).join('|');
  expect(tokens('the day')).toMatch(/^ the/);
  expect(tokens('the day', true)).toMatch(/^t/);
  expect(tokens(' the day', true)).toBe(tokens('the day'));
});

describe('files that cannot be used', () => {
  const changes: [string, (json: ReturnType<typeof read>) => void, RegExp][] = [
    ['llama3', json => (json.pre_tokenizer.pretokenizers[0].pattern.Regex = '(a+)+$'), /that of Llama 3/],
    ['llama3', json => (json.pre_tokenizer.pretokenizers[0].behavior = 'Removed'), /must be "Isolated"/],
    ['llama3', json => (json.pre_tokenizer.pretokenizers[1].use_regex = true), /use_regex is true/],
    ['digits', json => (json.pre_tokenizer.pretokenizers[0].individual_digits = false), /must be true/],
    ['llama2', json => (json.model.byte_fallback = false), /byte_fallback is false, but must be true/],
    ['llama2', json => delete json.model.vocab['<0x41>'], /every byte, also <0x41>/],
    ['llama2', json => (json.normalizer.normalizers[0].prepend = 'x'), /prepend is "x"/],
    ['llama2', json => (json.normalizer = { type: 'NFKC' }), /normalizer\.type is "NFKC"/],
    ['llama2_metaspace', json => (json.pre_tokenizer.split = true), /split is true, but must be false/],
    [
      'llama2',
      json => {
        json.model.vocab['e\u2581'] = 9000;
        json.model.merges.push(['e', '\u2581']);
      },
      /that ends no word with a space/,
    ],
    ['llama2', json => (json.added_tokens = []), /must hold <\|endoftext\|> or .* or <s> as a special token/],
  ];
  test.each(changes)('%s changed by %s', (name, change, fault) => {
    const json = read(name);
    change(json);
    expect(() => Tokenizer.parse(json, 'tokenizer.json')).toThrow(fault);
  });
});
