import type { TextSegment, TrainedText } from '../state/trainedText.ts';

/** A text to train on. */
export interface TrainInput {
  /** Shown in messages and the run file: the file and its lines, never the text. */
  readonly title: string;
  readonly text: string;
  readonly source: TrainedText;
}

/** A document as far as reading selections needs it; offsets are UTF-16 units. */
export interface ReadableDocument {
  readonly uri: string;
  readonly version: number;
  /** Last part of the path. */
  readonly name: string;
  text(start: number, end: number): string;
  /** Line of an offset, from 0. */
  lineAt(offset: number): number;
}

export interface OffsetRange {
  readonly start: number;
  readonly end: number;
}

/**
 * Text of all selections that are not empty, in document order, joined by line breaks; undefined when all are empty.
 * Selections that touch become one, so that no break is put where the document has none.
 */
export function readSelections(
  document: ReadableDocument,
  selections: readonly OffsetRange[],
): TrainInput | undefined {
  const merged: { start: number; end: number }[] = [];
  for (const { start, end } of selections.filter(s => s.end > s.start).sort((a, b) => a.start - b.start)) {
    const last = merged.at(-1);
    if (last && start <= last.end) last.end = Math.max(last.end, end);
    else merged.push({ start, end });
  }
  if (merged.length === 0) return undefined;
  const segments: TextSegment[] = [];
  const parts: string[] = [];
  let textStart = 0;
  for (const { start, end } of merged) {
    segments.push({ textStart, documentStart: start, length: end - start });
    parts.push(document.text(start, end));
    textStart += end - start + 1;
  }
  return {
    title: titleOf(document, merged),
    text: parts.join('\n'),
    source: { documentUri: document.uri, documentVersion: document.version, segments },
  };
}

/** The whole document, `length` UTF-16 units. */
export function readWhole(document: ReadableDocument, length: number): TrainInput {
  return {
    title: document.name,
    text: document.text(0, length),
    source: {
      documentUri: document.uri,
      documentVersion: document.version,
      segments: length > 0 ? [{ textStart: 0, documentStart: 0, length }] : [],
    },
  };
}

/** Why a text cannot be trained on, in a sentence; undefined when it can. Any Unicode is fine, lone surrogates too. */
export function refusal({ text, title }: TrainInput): string | undefined {
  if (text.length === 0) return `“${title}” is empty. There is nothing to train on.`;
  if (text.includes('\0')) return `“${title}” is not text: it contains NUL bytes.`;
  if (!/\S/u.test(text)) return `“${title}” holds only white space. There is nothing to train on.`;
  return undefined;
}

function titleOf(document: ReadableDocument, ranges: readonly OffsetRange[]): string {
  const first = document.lineAt(ranges[0].start) + 1;
  // A selection of whole lines ends at the start of the next one.
  const last = document.lineAt(Math.max(ranges[0].start, ranges[ranges.length - 1].end - 1)) + 1;
  const lines = first === last ? `line ${first}` : `lines ${first}–${last}`;
  return `${document.name}, ${lines}${ranges.length > 1 ? `, ${ranges.length} selections` : ''}`;
}
