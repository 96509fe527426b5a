import type { DatabaseSync } from 'node:sqlite';
import { damaged } from './runFileError.ts';

/** Tokens of a run's text: vocabulary ids, where each lies in the text in UTF-16 units, and what it reads. */
export interface RunTokens {
  readonly ids: Int32Array;
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
  /** U+FFFD stands for a part of a character. */
  readonly texts: string[];
}

/** Tokens `first` up to, not including, `end`, which the run must have. @throws RunFileError where they make no sense. */
export function readTokens(database: DatabaseSync, path: string, first: number, end: number): RunTokens {
  const count = Math.max(0, end - first);
  const [ids, starts, ends] = [new Int32Array(count), new Uint32Array(count), new Uint32Array(count)];
  const texts: string[] = [];
  const rows = database
    .prepare('SELECT * FROM tokens WHERE token >= ? AND token < ? ORDER BY token')
    .iterate(first, end);
  for (const { token, id, start_utf16, end_utf16, text } of rows) {
    const at = texts.length;
    ids[at] = Number(id);
    starts[at] = Number(start_utf16);
    ends[at] = Number(end_utf16);
    const whole = ids[at] === id && starts[at] === start_utf16 && ends[at] === end_utf16;
    if (token !== first + at || !whole || ids[at] < 0 || starts[at] > ends[at] || typeof text !== 'string') {
      throw damaged(path, `token ${first + at} is missing or makes no sense`);
    }
    texts.push(text);
  }
  if (texts.length !== count) throw damaged(path, `${count - texts.length} of ${count} tokens are missing`);
  return { ids, starts, ends, texts };
}
