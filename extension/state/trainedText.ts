/** A piece of the trained text and where it came from, in UTF-16 units. */
export interface TextSegment {
  /** Offset in the trained text. */
  readonly textStart: number;
  /** Offset in the document. */
  readonly documentStart: number;
  readonly length: number;
}

/** Where a trained text was read: a document at one version; several selections give several segments. */
export interface TrainedText {
  readonly documentUri: string;
  readonly documentVersion: number;
  /** In document order, without overlap. */
  readonly segments: readonly TextSegment[];
}

/** Offsets in the document, end exclusive. */
export interface DocumentRange {
  readonly start: number;
  readonly end: number;
}

/**
 * Maps a range of the trained text to the document. A range that also covers the line break put between
 * two selections is cut to its first selected piece; one that covers only such a break has no place.
 */
export function toDocument(text: TrainedText, start: number, end: number): DocumentRange | undefined {
  const { segments } = text;
  let low = 0;
  let high = segments.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (segments[middle].textStart + segments[middle].length <= start) low = middle + 1;
    else high = middle;
  }
  const segment = segments[low];
  if (!segment) return undefined;
  const from = Math.max(start, segment.textStart);
  const to = Math.min(end, segment.textStart + segment.length);
  if (to <= from) return undefined;
  const shift = segment.documentStart - segment.textStart;
  return { start: from + shift, end: to + shift };
}
