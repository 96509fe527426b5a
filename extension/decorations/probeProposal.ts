import type { Probe } from '../../engine/protocol/index.ts';

const LOCALE = 'und';

/**
 * A probe that asks for the word a token lies in, after the sentence before it; undefined where there is no word or
 * nothing before it.
 * @param text the trained text around the token
 * @param start offset of the token in it; `end` is exclusive
 */
export function probeOf(text: string, start: number, end: number): Probe | undefined {
  // A line break inside a paragraph does not end a sentence; an empty line does.
  const flat = text.replace(/(?<!\n)\r?\n(?!\r?\n)/g, breaks => ' '.repeat(breaks.length));
  const inToken = /\S/u.exec(flat.slice(start, end));
  if (!inToken) return undefined;
  const at = start + inToken.index;
  const word = segmentAt(flat, at, 'word');
  const sentence = segmentAt(flat, at, 'sentence');
  if (!word || !sentence) return undefined;
  const answer = word.segment.trim();
  const prompt = plain(flat.slice(sentence.index, word.index));
  if (prompt !== '') return { prompt, answer };
  // The first word of a sentence is asked for after the one before.
  const before = sentence.index > 0 ? segmentAt(flat, sentence.index - 1, 'sentence') : undefined;
  const previous = before ? plain(before.segment) : '';
  return previous === '' ? undefined : { prompt: previous, answer };
}

function segmentAt(
  text: string,
  index: number,
  granularity: 'word' | 'sentence',
): Intl.SegmentData | undefined {
  return new Intl.Segmenter(LOCALE, { granularity }).segment(text).containing(index);
}

const plain = (text: string) => text.replace(/\s+/gu, ' ').trim();
