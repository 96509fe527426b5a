import { statSync } from 'node:fs';
import { encodeFrame, type Frame } from '../protocol/frame.ts';
import type { RunInfo } from '../protocol/runInfo.ts';
import { RunReader } from '../run/index.ts';
import { EngineError } from './engineError.ts';

/** Most updates of one answer: some 60 MB of a model with 6 levels in 4 blocks. */
export const MOST_UPDATES = 65_536;
const MOST_TOKENS = 1_000_000;
const LONGEST_NOTE = 10_000;

/** Opens a run file for the time of `body`. */
export async function withRun<T>(path: string, body: (reader: RunReader) => T | Promise<T>): Promise<T> {
  const reader = RunReader.open(path);
  try {
    return await body(reader);
  } finally {
    reader.close();
  }
}

/** @param unavailable why the run's states cannot be restored now, a sentence */
export function describeRun(reader: RunReader, unavailable: string | undefined): RunInfo {
  const { path, header, status } = reader;
  const { runId, title, createdAt, modelName, engineVersion, backend, options, blocks, levels, parent } =
    header;
  const size = (file: string) => statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  return {
    path,
    id: runId,
    ...{ title, createdAt, modelName, engineVersion, backend, status, options, blocks, levels },
    updates: reader.updatesCount,
    tokens: reader.tokensCount,
    bytes: size(path) + size(`${path}-wal`),
    keyframes: reader.keyframes(),
    ...reader.details(),
    ...(parent && { parent }),
    ...(unavailable && { unavailable }),
  };
}

/** Updates as one frame, at most 65,536. */
export function readUpdates(reader: RunReader, first: number, count: number): Frame {
  const { runId, blocks, levels } = reader.header;
  const from = wholeNumber('first', first);
  const end = Math.min(from + Math.min(wholeNumber('count', count), MOST_UPDATES), reader.updatesCount);
  return encodeFrame(runId, blocks, levels.length, end > from ? [...reader.updates(from, end)] : []);
}

export function readTokens(reader: RunReader, first: number, count: number) {
  const from = wholeNumber('first', first);
  const { texts, starts, ends } = reader.tokens(
    from,
    from + Math.min(wholeNumber('count', count), MOST_TOKENS),
  );
  return { first: from, texts, starts, ends };
}

/** First stream position that a state has not read yet, after so many updates of the run. */
export function positionAfter(reader: RunReader, updates: number): number {
  if (updates === 0) return reader.updatesCount > 0 ? reader.update(0).position : 0;
  const { position, surprise } = reader.update(updates - 1);
  return position + surprise.length;
}

/** @throws EngineError where a run has no such update, or the note is too long. */
export function checkBookmark(reader: RunReader, updates: number, note: string | undefined): void {
  const total = reader.updatesCount;
  if (wholeNumber('updates', updates) > total) {
    throw new EngineError(
      'bad-input',
      `The run has ${total} updates; there is none to mark after ${updates}.`,
    );
  }
  if (note !== undefined && (typeof note !== 'string' || note.length > LONGEST_NOTE)) {
    throw new EngineError('bad-input', `A note has at most ${LONGEST_NOTE} characters.`, 'Shorten it.');
  }
}

export function wholeNumber(name: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new EngineError('bad-input', `${name} is ${value}, not a whole number of at least 0.`);
}
