import type { DatabaseSync } from 'node:sqlite';
import type { Bookmark, RunProbe } from '../protocol/index.ts';
import { damaged } from './runFileError.ts';

/** What a run holds besides its header and its updates. */
export interface RunDetails {
  readonly bookmarks: readonly Bookmark[];
  readonly probes: readonly RunProbe[];
  /** Stream positions read by all updates. */
  readonly positions: number;
}

/** @throws RunFileError on a value that cannot be. */
export function readDetails(database: DatabaseSync, path: string): RunDetails {
  const positions = database.prepare('SELECT coalesce(sum(tokens), 0) AS positions FROM updates').get();
  return {
    bookmarks: database
      .prepare('SELECT updates, note FROM bookmarks ORDER BY updates')
      .all()
      .map(({ updates, note }) => ({ updates: whole(updates, 'a bookmark', path), note: String(note) })),
    probes: readProbes(database, path),
    positions: whole(positions?.positions, 'the number of positions', path),
  };
}

function readProbes(database: DatabaseSync, path: string): RunProbe[] {
  const scores = database.prepare('SELECT * FROM probe_scores WHERE probe = ? ORDER BY updates');
  return database
    .prepare('SELECT probe, prompt, answer FROM probes ORDER BY probe')
    .all()
    .map(({ probe, prompt, answer }) => ({
      prompt: String(prompt),
      answer: String(answer),
      scores: scores.all(probe).map(row => ({
        updates: whole(row.updates, 'a probe score', path),
        probability: real(row.probability),
        rank: whole(row.rank, 'the rank of a probe', path),
        meanLogProbability: real(row.mean_log_probability),
        tokens: whole(row.tokens, 'the length of an answer', path),
      })),
    }));
}

/** SQLite keeps NaN as NULL. */
function real(value: unknown): number {
  return typeof value === 'number' ? value : Number.NaN;
}

function whole(value: unknown, what: string, path: string): number {
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number;
  throw damaged(path, `${what} cannot be ${value}`);
}
