const space = /\s/u;
const letter = /\p{L}/u;
const digit = /\p{N}/u;

/**
 * Cuts a text into ranges of at most `longest` UTF-16 units, each `[start, end)`, never inside a code point.
 * Cuts lie where GPT-2's pattern always has a boundary, so the pieces tokenise as the whole would; only inside
 * a run without any such place that is longer than a piece the cut is arbitrary.
 */
export function* textPieces(text: string, longest: number): Generator<[start: number, end: number]> {
  for (let start = 0; start < text.length; ) {
    const end =
      text.length - start <= longest ? text.length : findCut(text, start, start + Math.max(1, longest));
    yield [start, end];
    start = end;
  }
}

function findCut(text: string, start: number, end: number): number {
  for (let at = end; at > start; at--) if (isBoundary(text, at)) return at;
  if (!splitsCodePoint(text, end)) return end;
  return end - 1 > start ? end - 1 : end + 1;
}

/** Left of a boundary a run ends that nothing of the other kind can continue, whatever comes before or after. */
function isBoundary(text: string, at: number): boolean {
  if (splitsCodePoint(text, at)) return false;
  const left = String.fromCodePoint(text.codePointAt(splitsCodePoint(text, at - 1) ? at - 2 : at - 1)!);
  const right = String.fromCodePoint(text.codePointAt(at)!);
  if (space.test(left)) return false;
  if (space.test(right)) return true;
  // Not after punctuation: an apostrophe belongs to the letters behind it ('s, 'll).
  return (letter.test(left) && !letter.test(right)) || (digit.test(left) && !digit.test(right));
}

function splitsCodePoint(text: string, at: number): boolean {
  return at > 0 && at < text.length && (text.codePointAt(at - 1) ?? 0) > 0xffff;
}
