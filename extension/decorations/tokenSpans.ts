import type { RunHistory } from '../state/runHistory.ts';
import { type DocumentRange, toDocument } from '../state/trainedText.ts';
import { bisect } from './bisect.ts';

/** One change of a document, in UTF-16 units: `removed` units at `offset` were replaced by `inserted` others. */
export interface OffsetEdit {
  readonly offset: number;
  readonly removed: number;
  readonly inserted: number;
}

/** Token indices, end exclusive. */
export interface TokenRange {
  readonly from: number;
  readonly to: number;
}

/** A stretch of trained text that no edit has touched: its offsets when it was read, and how far it moved since. */
interface Piece {
  readonly start: number;
  readonly end: number;
  readonly shift: number;
}

export type SpanSource = Pick<RunHistory, 'text' | 'starts' | 'ends'>;

/**
 * Where the tokens of a run lie in its document as it is now. An edit moves what comes after it and takes away the
 * tokens it touches; the cost is one walk over the untouched stretches, whatever the number of tokens.
 */
export class TokenSpans {
  readonly #source: SpanSource;
  #pieces: readonly Piece[];

  constructor(source: SpanSource) {
    this.#source = source;
    this.#pieces = source.text.segments
      .filter(segment => segment.length > 0)
      .map(({ documentStart, length }) => ({ start: documentStart, end: documentStart + length, shift: 0 }));
  }

  /** Takes edits that were made one after the other, each with offsets as they were just before it. */
  edit(edits: readonly OffsetEdit[]): void {
    for (let from = 0; from < edits.length; ) {
      let to = from + 1;
      // Going towards the start no edit moves the next one, so all of them take one walk together.
      while (to < edits.length && edits[to].offset + edits[to].removed <= edits[to - 1].offset) to += 1;
      this.#pieces = joined(cut(this.#pieces, edits.slice(from, to).reverse()));
      from = to;
    }
  }

  /** Where the trained text lies now, from its first untouched character to its last; undefined when none is left. */
  bounds(): DocumentRange | undefined {
    const first = this.#pieces[0];
    const last = this.#pieces[this.#pieces.length - 1];
    return first && { start: first.start + first.shift, end: last.end + last.shift };
  }

  /** Where a token lies now; undefined when it was edited, is not known yet or lies between two selections. */
  rangeOf(token: number): DocumentRange | undefined {
    let found: DocumentRange | undefined;
    this.visit({ from: token, to: token + 1 }, (_, start, end) => {
      found = { start, end };
    });
    return found;
  }

  /** First token that covers an offset of the document as it is now. */
  tokenAt(offset: number): number | undefined {
    for (const { from, to } of this.tokensIn(offset, offset + 1)) {
      for (let token = from; token < to; token++) {
        const range = this.rangeOf(token);
        if (range && range.start <= offset && offset < range.end) return token;
      }
    }
    return undefined;
  }

  /**
   * Tokens that reach into a range of the document as it is now, in order; some may be gone.
   * @param limit look no further when so many are found
   */
  tokensIn(start: number, end: number, limit = Number.POSITIVE_INFINITY): TokenRange[] {
    const { text, starts, ends } = this.#source;
    const found: TokenRange[] = [];
    let count = 0;
    const first = bisect(this.#pieces.length, i => this.#pieces[i].end + this.#pieces[i].shift > start);
    for (let i = first; i < this.#pieces.length && count < limit; i++) {
      const piece = this.#pieces[i];
      if (piece.start + piece.shift >= end) break;
      const { segments } = text;
      const segment =
        segments[bisect(segments.length, s => segments[s].documentStart + segments[s].length > piece.start)];
      const toText = segment.textStart - segment.documentStart;
      const textStart = Math.max(piece.start, start - piece.shift) + toText;
      const textEnd = Math.min(piece.end, end - piece.shift) + toText;
      const last = found[found.length - 1];
      const from = Math.max(
        bisect(ends.length, t => ends[t] > textStart),
        last?.to ?? 0,
      );
      const to = bisect(starts.length, t => starts[t] >= textEnd);
      if (to <= from) continue;
      found.push({ from, to });
      count += to - from;
    }
    return found;
  }

  /** Calls back for each of these tokens that is still there, in order, with its offsets now. */
  visit({ from, to }: TokenRange, see: (token: number, start: number, end: number) => void): void {
    const { text, starts, ends } = this.#source;
    const pieces = this.#pieces;
    let at = -1;
    for (let token = Math.max(0, from); token < Math.min(to, starts.length, ends.length); token++) {
      const read = toDocument(text, starts[token], ends[token]);
      if (!read) continue;
      if (at < 0) at = bisect(pieces.length, i => pieces[i].end > read.start);
      while (at < pieces.length && pieces[at].end <= read.start) at += 1;
      const piece = pieces[at];
      if (!piece) return;
      if (piece.start <= read.start && read.end <= piece.end) {
        see(token, read.start + piece.shift, read.end + piece.shift);
      }
    }
  }
}

/** What edits leave of the pieces. @param edits from first to last, apart, all with offsets before any of them */
function cut(pieces: readonly Piece[], edits: readonly OffsetEdit[]): Piece[] {
  const left: Piece[] = [];
  let moved = 0;
  let i = 0;
  for (const { start, end, shift } of pieces) {
    const to = end + shift;
    let from = start + shift;
    const keep = (until: number) => {
      if (until > from) left.push({ start: from - shift, end: until - shift, shift: shift + moved });
    };
    for (; i < edits.length && edits[i].offset + edits[i].removed <= from; i++) {
      moved += edits[i].inserted - edits[i].removed;
    }
    while (from < to && i < edits.length && edits[i].offset < to) {
      const { offset, removed, inserted } = edits[i];
      keep(offset);
      from = Math.min(to, Math.max(from, offset + removed));
      // One that reaches past this piece may take from the next one too.
      if (offset + removed > to) break;
      moved += inserted - removed;
      i += 1;
    }
    keep(to);
  }
  return left;
}

/** Puts stretches together that are neighbours again: what was typed between them has been taken out. */
function joined(pieces: readonly Piece[]): Piece[] {
  const whole: Piece[] = [];
  for (const piece of pieces) {
    const last = whole[whole.length - 1];
    if (last && last.end === piece.start && last.shift === piece.shift) {
      whole[whole.length - 1] = { ...last, end: piece.end };
    } else whole.push(piece);
  }
  return whole;
}
