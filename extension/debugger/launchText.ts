import { readSelections, readWhole, type TrainInput } from '../training/trainInput.ts';
import type { TextRange } from './launchArguments.ts';
import { LineStarts } from './lineStarts.ts';

export interface LaunchDocument {
  readonly uri: string;
  readonly version: number;
  readonly name: string;
  readonly text: string;
}

/** The text that a launch trains on. @throws Error with a sentence where its ranges hold nothing */
export function launchText(document: LaunchDocument, ranges: readonly TextRange[]): TrainInput {
  const { uri, version, name, text } = document;
  const lines = new LineStarts(text);
  const readable = {
    ...{ uri, version, name },
    text: (start: number, end: number) => text.slice(start, end),
    lineAt: (offset: number) => lines.at(offset).line - 1,
  };
  if (ranges.length === 0) return readWhole(readable, text.length);
  const offsets = ranges.map(({ startLine, startColumn = 1, endLine, endColumn }) => ({
    start: lines.offset(startLine, startColumn),
    // Without a column the whole line counts, with its line break.
    end: endColumn === undefined ? lines.offset(endLine + 1, 1) : lines.offset(endLine, endColumn),
  }));
  const input = readSelections(readable, offsets);
  if (input) return input;
  throw new Error(`“${name}” has no text at line ${ranges[0].startLine}. There is nothing to train on.`);
}
