import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CheckpointError } from '../../engine/checkpoint/checkpointError.ts';
import { type Encoding, Tokenizer } from '../../engine/checkpoint/tokenizer.ts';

const folder = join(import.meta.dirname, '../fixtures/tokenizer');
const readJson = async (name: string) => JSON.parse(await readFile(join(folder, name), 'utf8'));

interface Case {
  readonly text: string;
  readonly ids: number[];
  readonly tokens: string[];
  readonly decoded_keep_special: string;
}
const recorded = (await readJson('tokenizer_expected.json')) as Record<string, { cases: Case[] }>;
const partialJson = await readJson('tokenizer.json');
const fullJson = await readJson('tokenizer_full.json');
const partial = Tokenizer.parse(partialJson, 'tokenizer.json');
const full = Tokenizer.parse(fullJson, 'tokenizer_full.json');

/** mulberry32: the same texts on every run. */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return below => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

const snippets = [
  ...[
    'The quiet kettle',
    "it's we'll DON'T '",
    ' ',
    '  ',
    '   \t',
    '\n',
    '\r\n',
    '\u0000',
    '\uFEFF',
    '\u00A0',
    '\u0085',
  ],
  ...[
    '👩‍👩‍👧‍👦',
    '🇵🇹',
    'e\u0301',
    'שלום',
    'مرحبا',
    '日本語。',
    'नमस्ते',
    '١٢٣',
    '42',
    '½',
    '_',
    '<|endoftext|>',
    '\u200D',
    '\u2028',
    '𝒳𝒴',
  ],
];

function randomText(random: (below: number) => number, length: number): string {
  return Array.from({ length }, () => {
    if (random(2) === 0) return snippets[random(snippets.length)];
    const code = random(3) === 0 ? random(0x110000) : random(0x250);
    return code >= 0xd800 && code < 0xe000 ? '' : String.fromCodePoint(code);
  }).join('');
}

/** Start and end of every token by the slow, obvious way: byte counts against a table of every byte's range. */
function slowRanges(tokenizer: Tokenizer, text: string): [number, number][] {
  const ranges: [number, number][] = [];
  let unit = 0;
  for (const character of text) {
    for (const _ of new TextEncoder().encode(character)) ranges.push([unit, unit + character.length]);
    unit += character.length;
  }
  let byte = 0;
  return [...tokenizer.encode(text).ids].map(id => {
    const first = ranges[byte]![0];
    byte += byteCount(tokenizer, id);
    return [first, ranges[byte - 1]![1]];
  });
}

function byteCount(tokenizer: Tokenizer, id: number): number {
  const vocabulary = (tokenizer.json as typeof fullJson).model.vocab as Record<string, number>;
  return Object.keys(vocabulary).find(token => vocabulary[token] === id)!.length;
}

const rangesOf = ({ starts, ends }: Encoding) => Array.from(starts, (start, i) => [start, ends[i]]);

describe('against the recorded encodings', () => {
  const asText = recorded['tokenizer_full.json']!.cases.filter(({ text }) => !text.includes('<|'));

  test.each(recorded['tokenizer.json']!.cases.filter(({ text }) => !text.includes('<|')))(
    'partial alphabet: $text',
    ({ text, ids, decoded_keep_special }) => {
      expect([...partial.encode(text).ids]).toEqual(ids);
      expect(partial.decode(ids)).toBe(decoded_keep_special);
    },
  );

  test.each(asText)('full alphabet: $text', ({ text, ids }) => {
    expect([...full.encode(text).ids]).toEqual(ids);
    expect(full.decode(ids)).toBe(text);
  });

  test('older merges give the same ids', async () => {
    const legacy = Tokenizer.parse(await readJson('tokenizer_full_legacy_merges.json'), 'x');
    for (const { text, ids } of asText) expect([...legacy.encode(text).ids]).toEqual(ids);
  });

  test('what has no token is left out, and the others keep their place', () => {
    const { ids, starts, ends } = partial.encode('Zebra ~ é');
    const places = Array.from(ids, (id, i) => [partial.token(id), starts[i], ends[i]]);
    expect(places).toEqual([
      ['e', 1, 2],
      ['b', 2, 3],
      ['r', 3, 4],
      ['a', 4, 5],
      [' ', 5, 6],
      [' ', 7, 8],
    ]);
    expect([partial.lossless, full.lossless]).toEqual([false, true]);
  });
});

describe('special tokens', () => {
  test('text never becomes one, but decoding writes it out', () => {
    for (const text of ['<|endoftext|>', 'a<|endoftext|>b', ' <|endoftext|>\n<|endoftext|>']) {
      const { ids } = full.encode(text);
      expect([...ids]).not.toContain(full.endOfText);
      expect(full.decode(ids)).toBe(text);
    }
    expect(full.decode([full.endOfText, ...full.encode('é').ids, full.endOfText])).toBe(
      '<|endoftext|>é<|endoftext|>',
    );
    expect([full.isSpecial(full.endOfText), full.isSpecial(1)]).toEqual([true, false]);
  });

  test('not even when the merges or the vocabulary spell it', () => {
    for (const ignoreMerges of [false, true]) {
      const json = structuredClone(fullJson);
      json.model.ignore_merges = ignoreMerges;
      json.added_tokens.push({ id: json.model.vocab.The, content: 'The', special: true });
      const tokenizer = Tokenizer.parse(json, 'x');
      const { ids } = tokenizer.encode('The memory. The river');
      expect(full.encode('The').ids).toContain(json.model.vocab.The);
      expect(ids).not.toContain(json.model.vocab.The);
      expect(tokenizer.decode(ids)).toBe('The memory. The river');
    }
  });
});

describe('any text', () => {
  test('empty', () => {
    expect(full.encode('')).toEqual({
      ids: new Int32Array(),
      starts: new Uint32Array(),
      ends: new Uint32Array(),
    });
    expect([...full.encodePieces('')]).toEqual([]);
    expect(full.decode([])).toBe('');
  });

  test('comes back as it was, every token where its bytes are', () => {
    const random = generator(1);
    for (const text of [...snippets, ...Array.from({ length: 300 }, () => randomText(random, random(30)))]) {
      const encoding = full.encode(text);
      expect(full.decode(encoding.ids)).toBe(text);
      expect(rangesOf(encoding)).toEqual(slowRanges(full, text));
    }
  });

  test('every code point', () => {
    for (let first = 0; first < 0x110000; first += 0x4000) {
      const codes = Array.from({ length: 0x4000 }, (_, i) => first + i).filter(c => c < 0xd800 || c > 0xdfff);
      const text = codes.map(code => String.fromCodePoint(code)).join('');
      expect(full.decode(full.encode(text).ids) === text, `from U+${first.toString(16)}`).toBe(true);
    }
  });

  test('lone surrogates become U+FFFD and shift nothing', () => {
    const text = 'a\uD83Db\uDE42\uDE42 🙂\uD83D';
    const encoding = full.encode(text);
    expect(full.decode(encoding.ids)).toBe(text.toWellFormed());
    expect(rangesOf(encoding)).toEqual(slowRanges(full, text));
    const last = encoding.ends.length - 1;
    expect([encoding.starts[last], encoding.ends[last]]).toEqual([text.length - 1, text.length]);
  });
});

describe('encodePieces', () => {
  const whole = (text: string) => {
    const { ids } = full.encode(text);
    return { ids: [...ids], ranges: rangesOf(full.encode(text)) };
  };
  const pieces = (text: string, length: number) => {
    const parts = [...full.encodePieces(text, length)];
    return {
      ids: parts.flatMap(part => [...part.ids]),
      ranges: parts.flatMap(rangesOf),
      parts: parts.length,
    };
  };

  test('gives the tokens of the whole text', () => {
    const random = generator(2);
    for (let round = 0; round < 200; round++) {
      const text = randomText(random, 60);
      for (const length of [40, 64, 200]) {
        const { parts, ...joined } = pieces(text, length);
        expect(joined).toEqual(whole(text));
        expect(parts).toBeGreaterThanOrEqual(Math.ceil(text.length / length));
      }
    }
  });

  test('cuts prose without spaces where the script changes', () => {
    const text = '吾輩は猫である。名前はまだ無い。'.repeat(50);
    const { parts, ...joined } = pieces(text, 100);
    expect(joined).toEqual(whole(text));
    expect(parts).toBeGreaterThan(8);
  });

  test('long runs without any boundary are cut anyway, between code points', () => {
    for (const text of [
      'x'.repeat(1000),
      '🙂'.repeat(500),
      ' '.repeat(1000),
      '\uD83D'.repeat(1000),
      '𝒳'.repeat(500),
    ]) {
      for (const length of [1, 7, 64]) {
        const { ids, ranges } = pieces(text, length);
        expect(full.decode(ids)).toBe(text.toWellFormed());
        expect(ranges.at(-1)![1]).toBe(text.length);
      }
    }
  });

  test('works only as far as it is read', () => {
    const text = 'The quiet kettle. '.repeat(300_000);
    const first = full.encodePieces(text).next().value as Encoding;
    expect(first.ends.at(-1)).toBeLessThanOrEqual(65536);
  });
});

describe('tokens for the eye', () => {
  test.each([
    ['Ġthe', ' the'],
    ['Ċ', '\\n'],
    ['č', '\\r'],
    ['Ā', '\\u{0}'],
    ['Ã', '\\xC3'],
    ['a', 'a'],
    ['<|endoftext|>', '<|endoftext|>'],
  ])('%s is shown as %s', (token, shown) => {
    expect(full.token(fullJson.model.vocab[token])).toBe(shown);
  });

  test('an id without a token', () => {
    expect(full.size).toBe(384);
    expect(full.token(384)).toBe('#384');
    expect(full.decode([384])).toBe('\uFFFD');
  });
});

describe('files that cannot be used', () => {
  const changes: [string, (json: typeof fullJson) => void, RegExp][] = [
    ['no model', json => delete json.model, /model is missing/],
    ['another model', json => (json.model.type = 'Unigram'), /model.type is "Unigram", but must be "BPE"/],
    [
      'a normaliser',
      json => (json.normalizer = { type: 'NFC' }),
      /normalizer is an object, but must be null/,
    ],
    [
      'another splitter',
      json => (json.pre_tokenizer.type = 'Whitespace'),
      /pre_tokenizer.type is "Whitespace", but must be ByteLevel, Metaspace, or a Sequence/,
    ],
    ['a prefix space', json => (json.pre_tokenizer.add_prefix_space = true), /add_prefix_space is true/],
    ['byte fallback', json => (json.model.byte_fallback = true), /model.byte_fallback is true/],
    ['no end of text', json => (json.added_tokens = []), /must hold <\|endoftext\|>/],
    ['a wrong id', json => (json.model.vocab.he = 'x'), /model.vocab.he is "x", but must be a whole number/],
    ['a huge id', json => (json.model.vocab.he = 2 ** 40), /model.vocab.he is 1099511627776/],
    ['an id twice', json => (json.model.vocab.he = 1), /without two tokens of id 1/],
    ['merges missing', json => delete json.model.merges, /model.merges is missing/],
    ['a merge of three', json => (json.model.merges[3] = ['a', 'b', 'c']), /number 3 a pair of tokens/],
    [
      'a merge of unknown tokens',
      json => (json.model.merges[3] = ['q', 'zz']),
      /number 3 made of tokens, not "zz"/,
    ],
  ];
  test.each(changes)('%s', (_, change, fault) => {
    const json = structuredClone(fullJson);
    change(json);
    expect(() => Tokenizer.parse(json, 'tokenizer.json')).toThrow(CheckpointError);
    expect(() => Tokenizer.parse(json, 'tokenizer.json')).toThrow(fault);
  });
});
