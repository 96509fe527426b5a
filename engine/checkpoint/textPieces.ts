/**
 * Cuts a text into ranges of at most `longest` UTF-16 units, each `[start, end)`, never inside a code point.
 * Cuts lie where words always end, so the pieces tokenise as the whole would; only inside a run without any such place
 * that is longer than a piece the cut is arbitrary.
 * @param isBoundary whether words always end between two neighbouring code points
 */
export function* textPieces(
  text: string,
  longest: number,
  isBoundary: (left: string, right: string) => boolean,
): Generator<[start: number, end: number]> {
  for (let start = 0; start < text.length; ) {
    const end =
      text.length - start <= longest
        ? text.length
        : findCut(text, start, start + Math.max(1, longest), isBoundary);
    yield [start, end];
    start = end;
  }
}

function findCut(
  text: string,
  start: number,
  end: number,
  isBoundary: (left: string, right: string) => boolean,
): number {
  for (let at = end; at > start; at--) {
    if (splitsCodePoint(text, at)) continue;
    const before = splitsCodePoint(text, at - 1) ? at - 2 : at - 1;
    const [left, right] = [before, at].map(place => String.fromCodePoint(text.codePointAt(place)!));
    if (isBoundary(left, right)) return at;
  }
  if (!splitsCodePoint(text, end)) return end;
  return end - 1 > start ? end - 1 : end + 1;
}

function splitsCodePoint(text: string, at: number): boolean {
  return at > 0 && at < text.length && (text.codePointAt(at - 1) ?? 0) > 0xffff;
}
