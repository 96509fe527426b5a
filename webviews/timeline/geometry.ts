import type { RunInfo } from '../../engine/protocol/index.ts';
import { endOf, type RunPieces, updateAt } from './runPieces.ts';

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));

/** Positions that one update reads, the last of a text aside: the gcd of all periods. */
export function tickOf(run: RunInfo): number {
  return Math.max(1, run.levels.map(({ period }) => period).reduce(gcd, 0));
}

/** First position of the run: 0, or where a branch that begins later starts. */
export function originOf(run: RunInfo): number {
  const tick = tickOf(run);
  return Math.max(0, Math.round((run.positions - run.updates * tick) / tick) * tick);
}

/** Positions read after `updates` updates: exact where the update is loaded, else counted in ticks. */
export function positionAfter(run: RunInfo, pieces: RunPieces, updates: number): number {
  if (updates <= 0) return originOf(run);
  const update = updateAt(pieces, updates - 1);
  return update ? endOf(update) : Math.min(run.positions, originOf(run) + updates * tickOf(run));
}

/** Number of updates of the state in which the token at a position has just been read. */
export function updatesAt(run: RunInfo, pieces: RunPieces, position: number): number {
  const guess = Math.floor((position - originOf(run)) / tickOf(run)) + 1;
  let updates = Math.max(1, Math.min(run.updates, guess));
  // A text's last tick is short, so that later passes may lie a few updates off the count.
  for (let i = 0; i < run.updates; i++) {
    const update = updateAt(pieces, updates - 1);
    if (!update) break;
    if (position < update.position && updates > 1) updates--;
    else if (position >= endOf(update) && updates < run.updates) updates++;
    else break;
  }
  return Math.min(run.updates, updates);
}

/** Index of a text's token at a stream position, and the pass it is read in, from 0. */
export function tokenAt(run: RunInfo, position: number): { token: number; pass: number } {
  if (run.tokens <= 0) return { token: 0, pass: 0 };
  return { token: position % run.tokens, pass: Math.floor(position / run.tokens) };
}
