import { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers';
import { describe, expect, test } from 'vitest';
import { characterOfByte } from '../../engine/checkpoint/byteAlphabet.ts';
import {
  type BytePairProgress,
  trainBytePair,
  trainBytePairPatiently,
} from '../../engine/checkpoint/bytePairTrainer.ts';
import { Tokenizer } from '../../engine/checkpoint/tokenizer.ts';

interface Trained {
  readonly model: { readonly vocab: Record<string, number>; readonly merges: [string, string][] };
}
const train = (texts: string[], size: number) => trainBytePair(texts, size) as Trained;

/** BPE as the paper prints it: count every pair of every word anew for each merge. */
function slowMerges(text: string, merges: number): string[][] {
  const pattern = /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu;
  let words = (text.match(pattern) ?? []).map(word =>
    Array.from(Buffer.from(word), byte => characterOfByte[byte]!),
  );
  const made: string[][] = [];
  while (made.length < merges) {
    const counts = new Map<string, number>();
    for (const word of words) {
      for (let at = 1; at < word.length; at++) {
        const pair = `${word[at - 1]} ${word[at]}`;
        counts.set(pair, (counts.get(pair) ?? 0) + 1);
      }
    }
    const ranked = [...counts].sort(([a, m], [b, n]) => n - m || compare(a.split(' '), b.split(' ')));
    if (ranked.length === 0 || ranked[0]![1] < 2) break;
    const [left, right] = ranked[0]![0].split(' ') as [string, string];
    made.push([left, right]);
    words = words.map(word => {
      const out: string[] = [];
      for (let at = 0; at < word.length; at++) {
        const here = word[at] === left && word[at + 1] === right;
        out.push(here ? left + right : word[at]!);
        if (here) at++;
      }
      return out;
    });
  }
  return made;
}

function compare([a, b]: string[], [c, d]: string[]): number {
  if (a !== c) return a! < c! ? -1 : 1;
  return b! < d! ? -1 : b === d ? 0 : 1;
}

const prose = `The quiet kettle counts the rusty river before dawn. It isn't late; the level 3 chunk (no. 42) updates!
aaaa aaaaa aaaaaaa banana bananas abcabc abab abc bc bc bc naïve café — déjà vu 日本語 日本 🙂🙂🚀
  two  spaces\r\n\ttabbed\n\n\nwe'll they've I'M DON'T 128 1280 12801 ==== ======== --`;

describe('merges', () => {
  test('are those of the slow reference', () => {
    const expected = slowMerges(prose.repeat(3), 150);
    expect(expected).toHaveLength(150);
    expect(train([prose.repeat(3)], 257 + 150).model.merges.slice(0, 150)).toEqual(expected);
  });

  test('are those of the slow reference on random words over few letters', () => {
    let state = 7;
    const next = (below: number) => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    for (let round = 0; round < 20; round++) {
      const words = Array.from(
        { length: 80 },
        () => 'abc'.repeat(9).slice(next(3), 3 + next(9)) + 'ab'[next(2)],
      );
      const text = words.join(' ');
      expect(train([text], 700).model.merges).toEqual(slowMerges(text, 700 - 257));
    }
  });

  test('stop when no pair occurs twice', () => {
    expect(train(['abcd'], 1000).model.merges).toEqual([]);
    expect(train([], 300).model.merges).toEqual([]);
  });

  test('do not cross texts', () => {
    expect(train(['xa', 'bx', 'xa', 'bx'], 300).model.merges).toEqual([
      ['b', 'x'],
      ['x', 'a'],
    ]);
  });
});

describe('the vocabulary', () => {
  const json = train([prose.repeat(3)], 400);

  test('is end of text, the bytes, then the merged tokens', () => {
    const entries = Object.entries(json.model.vocab).sort(([, a], [, b]) => a - b);
    expect(entries.map(([, id]) => id)).toEqual([...entries.keys()]);
    const tokens = entries.map(([token]) => token);
    expect(tokens).toHaveLength(400);
    expect(tokens[0]).toBe('<|endoftext|>');
    expect(new Set(tokens.slice(1, 257))).toEqual(new Set(characterOfByte));
    expect(new Set(tokens.slice(257))).toEqual(new Set(json.model.merges.map(pair => pair.join(''))));
  });

  test('is the same on every run and for the same text in other parts', () => {
    expect(JSON.stringify(train([prose.repeat(3)], 400))).toBe(JSON.stringify(json));
    expect(train([`${prose} `, `${prose} `], 400)).toEqual(train([`${prose} ${prose} `], 400));
  });

  test('has a size that holds the bytes', () => {
    expect(train([prose], 257).model.merges).toEqual([]);
    for (const size of [256, 0, 300.5, Number.NaN, 2 ** 25]) {
      expect(() => trainBytePair([prose], size)).toThrow(RangeError);
    }
  });
});

describe('the tokenizer', () => {
  const json = train([prose.repeat(3)], 400);
  const tokenizer = Tokenizer.parse(JSON.parse(JSON.stringify(json)), 'tokenizer.json');

  test('is lossless, also for what training never saw', () => {
    expect(tokenizer.lossless).toBe(true);
    expect([tokenizer.size, tokenizer.endOfText]).toEqual([400, 0]);
    for (const text of [prose, '', '\u0000\uFEFFשלום 👩‍👩‍👧‍👦 <|endoftext|>\r\n', 'Ωmega ∑ e\u0301']) {
      expect(tokenizer.decode(tokenizer.encode(text).ids)).toBe(text);
    }
  });

  test('shortens the text it was trained on', () => {
    expect(tokenizer.encode(prose).ids.length).toBeLessThan(Buffer.byteLength(prose) / 2);
  });

  test('means the same to the library alone', () => {
    const library = new HuggingFaceTokenizer(JSON.parse(JSON.stringify(json)), {});
    expect(library.encode(prose).ids).toEqual([...tokenizer.encode(prose).ids]);
    expect(library.decode([...tokenizer.encode(prose).ids], { clean_up_tokenization_spaces: false })).toBe(
      prose,
    );
  });
});

test('with pauses it learns the same, counts up to the merges made, and stops when it is told to', async () => {
  const texts = [prose.repeat(3)];
  const seen: BytePairProgress[] = [];
  const json = await trainBytePairPatiently(texts, 400, progress => seen.push(progress));
  expect(json).toEqual(train(texts, 400));
  expect(seen.at(0)).toEqual({ merges: 0, asked: 143 });
  expect(seen.find(({ merges }) => merges > 0)).toEqual({ merges: 64, asked: 143 });
  expect(seen.at(-1)!.merges).toBeGreaterThanOrEqual(143);
  const controller = new AbortController();
  const abortAt64 = ({ merges }: BytePairProgress) =>
    merges === 64 && controller.abort(new Error('cancelled'));
  const stopped = trainBytePairPatiently(texts, 400, abortAt64, controller.signal);
  await expect(stopped).rejects.toThrow('cancelled');
});
