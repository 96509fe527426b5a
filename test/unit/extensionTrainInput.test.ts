import { describe, expect, it } from 'vitest';
import { readSelections, readWhole, refusal } from '../../extension/training/trainInput.ts';

function document(content: string) {
  return {
    uri: 'file:///notes.md',
    version: 7,
    name: 'notes.md',
    text: (start: number, end: number) => content.slice(start, end),
    lineAt: (offset: number) => content.slice(0, offset).split('\n').length - 1,
  };
}
const content = 'one\ntwo\nthree\nfour\n';

describe('readSelections', () => {
  it('takes one selection with its place', () => {
    expect(readSelections(document(content), [{ start: 4, end: 8 }])).toEqual({
      title: 'notes.md, line 2',
      text: 'two\n',
      source: {
        documentUri: 'file:///notes.md',
        documentVersion: 7,
        segments: [{ textStart: 0, documentStart: 4, length: 4 }],
      },
    });
  });

  it('joins several in document order by line breaks and leaves empty ones out', () => {
    const input = readSelections(document(content), [
      { start: 14, end: 18 },
      { start: 9, end: 9 },
      { start: 0, end: 3 },
    ]);
    expect(input).toMatchObject({ title: 'notes.md, lines 1–4, 2 selections', text: 'one\nfour' });
    expect(input?.source.segments).toEqual([
      { textStart: 0, documentStart: 0, length: 3 },
      { textStart: 4, documentStart: 14, length: 4 },
    ]);
    for (const { textStart, documentStart, length } of input!.source.segments) {
      expect(input!.text.slice(textStart, textStart + length)).toBe(
        content.slice(documentStart, documentStart + length),
      );
    }
  });

  it('puts no break between selections that touch or overlap', () => {
    const ranges = [
      { start: 0, end: 5 },
      { start: 5, end: 7 },
      { start: 2, end: 6 },
    ];
    expect(readSelections(document(content), ranges)).toMatchObject({
      title: 'notes.md, lines 1–2',
      text: 'one\ntwo',
    });
  });

  it('has nothing when all are empty', () => {
    expect(readSelections(document(content), [{ start: 3, end: 3 }])).toBeUndefined();
  });
});

describe('refusal', () => {
  const refused = (text: string) => refusal(readWhole(document(text), text.length));

  it('says why a text cannot be trained on', () => {
    expect(refused('')).toBe('“notes.md” is empty. There is nothing to train on.');
    expect(refused(' \n\t\u00a0\u2003')).toBe(
      '“notes.md” holds only white space. There is nothing to train on.',
    );
    expect(refused('PNG\0\0')).toBe('“notes.md” is not text: it contains NUL bytes.');
  });

  it.each(['a', '\ud800', '\udc00 x', '👩‍👩‍👧', 'שלום', '\u200b', '\ufeff.'])('takes %j', text => {
    expect(refused(text)).toBeUndefined();
  });
});
