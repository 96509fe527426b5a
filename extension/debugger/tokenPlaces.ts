import type { TokenSpans } from '../../engine/protocol/index.ts';
import { Growable } from '../state/growable.ts';
import { type TrainedText, toDocument } from '../state/trainedText.ts';
import { LineStarts } from './lineStarts.ts';

/** A stretch of a document, lines and columns from 1 in UTF-16 units, end exclusive. */
export interface Place {
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
}

/** The tokens that one update reads: `count` from `first`, which wraps round at the end of a pass. */
export interface Tick {
  readonly position: number;
  readonly first: number;
  readonly count: number;
  /** Pass of the first token, from 0. */
  readonly pass: number;
}

/** Where the tokens of a trained text lie in its document as it was read, and which update reads which of them. */
export class TokenPlaces {
  readonly #text: TrainedText;
  readonly #document: string;
  readonly #length: number;
  readonly #tick: number;
  readonly #epochs: number;
  readonly #lines: LineStarts;
  readonly #starts = new Growable(length => new Uint32Array(length));
  readonly #ends = new Growable(length => new Uint32Array(length));

  /**
   * @param document the whole document at the version that was read
   * @param tick tokens of an update @param epochs passes over the text
   */
  constructor(text: TrainedText, document: string, tick: number, epochs: number) {
    this.#text = text;
    this.#document = document;
    const last = text.segments.at(-1);
    this.#length = last ? last.textStart + last.length : 0;
    this.#tick = tick;
    this.#epochs = epochs;
    this.#lines = new LineStarts(document);
  }

  /** Tokens known so far. */
  get tokens(): number {
    return this.#starts.length;
  }

  /** Whether all tokens of the text are known. */
  get complete(): boolean {
    return (this.#ends.at(this.tokens - 1) ?? 0) >= this.#length;
  }

  /** Updates of the whole training; undefined until all tokens are known. */
  get totalUpdates(): number | undefined {
    return this.complete ? Math.ceil((this.tokens * this.#epochs) / this.#tick) : undefined;
  }

  add({ first, starts, ends }: TokenSpans): void {
    this.#starts.write(first, starts);
    this.#ends.write(first, ends);
  }

  /** What update `index` (from 0) reads; undefined past the end of the training. */
  tickOf(index: number): Tick | undefined {
    const position = index * this.#tick;
    if (!this.complete) return { position, first: position, count: this.#tick, pass: 0 };
    const count = Math.min(this.#tick, this.tokens * this.#epochs - position);
    if (count <= 0 || index < 0) return undefined;
    return { position, first: position % this.tokens, count, pass: Math.floor(position / this.tokens) };
  }

  /** The newest of the first `updates` updates that read a token, by its index; undefined where none did. */
  updateReading(token: number, updates: number): number | undefined {
    if (!Number.isInteger(token) || token < 0 || token >= this.tokens) return undefined;
    const read = updates * this.#tick - 1 - token;
    if (read < 0) return undefined;
    // Before all tokens are known no pass has ended.
    const pass = this.complete ? Math.min(Math.floor(read / this.tokens), this.#epochs - 1) : 0;
    return Math.floor((pass * this.tokens + token) / this.#tick);
  }

  /** Whether a tick reads a token. */
  reads({ first, count }: Tick, token: number): boolean {
    if (!this.complete) return token >= first && token < first + count;
    return (token - first + this.tokens) % this.tokens < count;
  }

  /**
   * Where the tokens of a tick lie: from the first to the last of its pass, without white space before and behind.
   * Undefined where they have no place, as the break between two selections.
   */
  placeOf({ first, count }: Pick<Tick, 'first' | 'count'>): Place | undefined {
    const last = Math.min(first + count, this.tokens);
    let start: number | undefined;
    let end: number | undefined;
    for (let token = first; token < last; token++) {
      const range = this.#range(token);
      if (!range) continue;
      start ??= range.start;
      end = range.end;
    }
    if (start === undefined || end === undefined) return undefined;
    const text = this.#document.slice(start, end);
    if (text.trim() !== '') {
      end -= text.length - text.trimEnd().length;
      start += text.length - text.trimStart().length;
    }
    const from = this.#lines.at(start);
    const to = this.#lines.at(end);
    return { line: from.line, column: from.column, endLine: to.line, endColumn: to.column };
  }

  /** Text of a token as it stands in the document. */
  textOf(token: number): string {
    const range = this.#range(token);
    return range ? this.#document.slice(range.start, range.end) : '';
  }

  /** The first token that shows at or behind a place of the document; undefined where there is none, or none yet. */
  tokenFrom(line: number, column = 1): number | undefined {
    const offset = this.#lines.offset(line, column);
    for (let token = this.#bisect(offset); token < this.tokens; token++) {
      const shown = this.#shown(token);
      if (shown !== undefined && shown.end > offset) return token;
    }
    return undefined;
  }

  /** The token that covers a place of the document. */
  tokenAt(line: number, column: number): number | undefined {
    const offset = this.#lines.offset(line, column);
    const token = this.#bisect(offset);
    const range = this.#range(token);
    return range && range.start <= offset && offset < range.end ? token : undefined;
  }

  /** Line and column of a token's first visible character, from 1. */
  startOf(token: number): { line: number; column: number } | undefined {
    const shown = this.#shown(token);
    return shown && this.#lines.at(shown.start);
  }

  /** First token that ends behind an offset of the document. */
  #bisect(offset: number): number {
    const segment = this.#text.segments.find(s => s.documentStart + s.length > offset);
    if (!segment) return this.tokens;
    const inText = Math.max(0, offset - segment.documentStart) + segment.textStart;
    let low = 0;
    let high = this.tokens;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#ends.at(middle)! > inText) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** A token's range in the document without white space around it; undefined where nothing of it can be seen. */
  #shown(token: number): { start: number; end: number } | undefined {
    const range = this.#range(token);
    if (!range) return undefined;
    const text = this.#document.slice(range.start, range.end);
    const seen = text.trim();
    if (seen === '') return undefined;
    const start = range.start + text.length - text.trimStart().length;
    return { start, end: start + seen.length };
  }

  #range(token: number): { start: number; end: number } | undefined {
    const start = this.#starts.at(token);
    const end = this.#ends.at(token);
    return start === undefined || end === undefined ? undefined : toDocument(this.#text, start, end);
  }
}
