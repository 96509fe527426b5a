import { ownLevels, type RunInfo, type Update } from '../../engine/protocol/index.ts';
import { gatedLevel, type Row } from './rows.ts';
import { CHUNK, firedIn, metricOf, type RunPieces, updateAt } from './runPieces.ts';

/** A search for the next update in which something changed. */
export interface Search {
  readonly direction: 1 | -1;
  readonly of: 'slow' | 'row';
  /** Index of the next update to look at. */
  readonly at: number;
}

export type Found =
  | { readonly updates: number }
  /** The search goes on when this chunk is loaded. */
  | { readonly missing: number; readonly search: Search }
  | undefined;

/** Change that counts in a track of nats, and in a gate. */
const NATS = 1;
const GATE = 0.01;

/** Looks through loaded updates. @param level The selected level. */
export function seek(run: RunInfo, pieces: RunPieces, search: Search, row: Row, level: number): Found {
  for (let at = search.at; at >= 0 && at < run.updates; at += search.direction) {
    const update = updateAt(pieces, at);
    if (!update) return { missing: Math.floor(at / CHUNK), search: { ...search, at } };
    const before = updateAt(pieces, at - 1);
    // The update before the first of a chunk is in another one; only some tracks need it.
    if (changed(run, update, before, search.of, row, level)) return { updates: at + 1 };
  }
  return undefined;
}

function changed(
  run: RunInfo,
  update: Update,
  before: Update | undefined,
  of: Search['of'],
  row: Row,
  level: number,
): boolean {
  if (of === 'slow') {
    // The slower half of the levels; with one level that level.
    const own = ownLevels(run.levels);
    const slow = own.map((_, l) => l).slice(Math.ceil(own.length / 2));
    return (slow.length ? slow : [0]).some(l => firedIn(update, run, l));
  }
  switch (row.kind) {
    case 'level':
      return firedIn(update, run, row.level);
    case 'surprise':
      return !!before && Math.abs(Math.max(...update.surprise) - Math.max(...before.surprise)) >= NATS;
    case 'loss':
      return !!before && Math.abs(update.loss - before.loss) >= NATS;
    case 'gates': {
      const gated = gatedLevel(run, level);
      const alpha = (u: Update): number => metricOf(u, run, 0, gated, 'alpha');
      return gated >= 0 && !!before && Math.abs(alpha(update) - alpha(before)) >= GATE;
    }
    case 'drift':
      return firedIn(update, run, level);
    case 'probes':
      return false;
  }
}

/** The next number of updates after which a probe was scored. */
export function nextScore(run: RunInfo, updates: number, direction: 1 | -1): number | undefined {
  const all = run.probes.flatMap(({ scores }) => scores.map(score => score.updates));
  const there = all.filter(at => (direction > 0 ? at > updates : at < updates));
  return there.length ? (direction > 0 ? Math.min(...there) : Math.max(...there)) : undefined;
}
