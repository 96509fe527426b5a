import { describe, expect, it } from 'vitest';
import { type OffsetEdit, TokenSpans } from '../../extension/decorations/tokenSpans.ts';
import type { TextSegment } from '../../extension/state/trainedText.ts';

/** Tokens of the given lengths, end to end over all segments and the breaks between them. */
function source(segments: readonly TextSegment[], lengths: readonly number[]) {
  const ends = Uint32Array.from(lengths);
  for (let i = 1; i < ends.length; i++) ends[i] += ends[i - 1];
  const starts = ends.map((end, i) => end - lengths[i]);
  return { text: { documentUri: 'file:///a', documentVersion: 1, segments }, starts, ends };
}

const one = (length: number, documentStart = 0) => [{ textStart: 0, documentStart, length }];
const ranges = (spans: TokenSpans, tokens: number) =>
  Array.from({ length: tokens }, (_, token) => {
    const range = spans.rangeOf(token);
    return range && [range.start, range.end];
  });

describe('TokenSpans', () => {
  it('moves what comes after an edit and leaves what comes before it', () => {
    const spans = new TokenSpans(source(one(9, 10), [3, 3, 3]));
    spans.edit([{ offset: 13, removed: 0, inserted: 5 }]);
    expect(ranges(spans, 3)).toEqual([
      [10, 13],
      [18, 21],
      [21, 24],
    ]);
    expect(spans.bounds()).toEqual({ start: 10, end: 24 });
  });

  it('takes away a token that is typed into and gives it back when the typing is undone', () => {
    const spans = new TokenSpans(source(one(6), [3, 3]));
    spans.edit([{ offset: 1, removed: 0, inserted: 2 }]);
    expect(ranges(spans, 2)).toEqual([undefined, [5, 8]]);
    spans.edit([{ offset: 1, removed: 2, inserted: 0 }]);
    expect(ranges(spans, 2)).toEqual([
      [0, 3],
      [3, 6],
    ]);
  });

  it('has no place left when everything is replaced', () => {
    const spans = new TokenSpans(source(one(6, 2), [3, 3]));
    spans.edit([{ offset: 0, removed: 20, inserted: 20 }]);
    expect(spans.bounds()).toBeUndefined();
    expect(spans.tokensIn(0, 100)).toEqual([]);
  });

  it('finds the token under an offset, over several selections', () => {
    const segments = [
      { textStart: 0, documentStart: 5, length: 4 },
      { textStart: 5, documentStart: 20, length: 4 },
    ];
    // The third token is the break between the selections and the first character of the second one.
    const spans = new TokenSpans(source(segments, [2, 2, 2, 3]));
    expect([4, 5, 8, 9, 20, 21, 23, 24].map(offset => spans.tokenAt(offset))).toEqual([
      undefined,
      0,
      1,
      undefined,
      2,
      3,
      3,
      undefined,
    ]);
    expect(spans.tokensIn(7, 21)).toEqual([
      { from: 1, to: 2 },
      { from: 2, to: 3 },
    ]);
  });

  it('knows only the tokens that have come', () => {
    const known = source(one(9), [3, 3]);
    expect(new TokenSpans(known).rangeOf(2)).toBeUndefined();
    expect(new TokenSpans(known).tokenAt(7)).toBeUndefined();
  });

  it('agrees with a document whose every character is followed by itself', () => {
    for (let seed = 1; seed <= 400; seed++) {
      const random = mulberry(seed);
      const below = (n: number) => Math.floor(random() * n);
      const { segments, lengths, documentLength } = randomText(below);
      const input = source(segments, lengths);
      const spans = new TokenSpans(input);
      let document = Array.from({ length: documentLength }, (_, i) => i);
      for (let event = 0; event < 6; event++) {
        const edits: OffsetEdit[] = [];
        for (let n = below(4); n >= 0; n--) {
          const offset = below(document.length + 1);
          const removed = random() < 0.4 ? 0 : below(Math.min(6, document.length - offset + 1));
          const inserted = random() < 0.4 ? 0 : below(5);
          edits.push({ offset, removed, inserted });
          document = [
            ...document.slice(0, offset),
            ...Array<number>(inserted).fill(-1),
            ...document.slice(offset + removed),
          ];
        }
        spans.edit(edits);
        const expected = lengths.map((_, token) => {
          const read = new TokenSpans(input).rangeOf(token);
          const at = read ? document.indexOf(read.start) : -1;
          if (!read || at < 0) return undefined;
          const length = read.end - read.start;
          const whole = Array.from({ length }, (_, i) => document[at + i]).every(
            (c, i) => c === read.start + i,
          );
          return whole ? [at, at + length] : undefined;
        });
        expect(ranges(spans, lengths.length), `seed ${seed}, event ${event}`).toEqual(expected);
        const from = below(document.length + 1);
        const to = from + below(document.length - from + 1);
        const reaching = expected.flatMap((range, token) =>
          range && range[0] < to && range[1] > from ? [token] : [],
        );
        const offered = spans.tokensIn(from, to);
        const inOffered = (token: number) => offered.some(o => token >= o.from && token < o.to);
        expect(reaching.filter(token => !inOffered(token))).toEqual([]);
        expect(offered.every((o, i) => i === 0 || offered[i - 1].to <= o.from)).toBe(true);
        const under = expected.findIndex(range => range && range[0] <= from && from < range[1]);
        expect(spans.tokenAt(from)).toBe(under < 0 ? undefined : under);
      }
    }
  });
});

function randomText(below: (n: number) => number) {
  const segments: TextSegment[] = [];
  let documentStart = below(5);
  let textStart = 0;
  for (let n = below(3); n >= 0; n--) {
    const length = 1 + below(20);
    segments.push({ textStart, documentStart, length });
    textStart += length + 1;
    documentStart += length + 1 + below(5);
  }
  const lengths: number[] = [];
  for (let left = textStart - 1; left > 0; ) {
    const length = Math.min(left, 1 + below(5));
    lengths.push(length);
    left -= length;
  }
  return { segments, lengths, documentLength: documentStart + below(5) };
}

function mulberry(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
