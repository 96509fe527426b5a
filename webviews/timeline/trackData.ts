import {
  overviewLevelTrack,
  overviewTrack,
  type RunInfo,
  type RunOverview,
  type Update,
  type WhichRun,
} from '../../engine/protocol/index.ts';
import type { Cell } from '../charts/heatMap.ts';
import type { Steps } from '../charts/steps.ts';
import { originOf, positionAfter, tickOf, updatesAt } from './geometry.ts';
import { endOf, firedIn, metricOf, type RunPieces, rhoOf, updateAt } from './runPieces.ts';
import { runOf, type ViewState } from './state.ts';
import { isDetailed } from './wants.ts';

/** Tokens of the running mean of the loss. */
export const MEAN_TOKENS = 64;

/** What a run's tracks are drawn from: its updates one by one, or columns of an overview. */
export type Source =
  | { readonly run: RunInfo; readonly updates: readonly Update[]; readonly overview?: undefined }
  | { readonly run: RunInfo; readonly overview: RunOverview; readonly updates?: undefined };

const sources = new WeakMap<RunInfo, Source>();

/**
 * The best that is there for the window; what is still being read is drawn from what was read before. The same
 * object as long as it is drawn from the same: pieces that arrive for the playhead draw no chart anew.
 */
export function sourceOf(state: ViewState, which: WhichRun): Source | undefined {
  const of = runOf(state, which);
  if (!of) return undefined;
  const known = sources.get(of.run);
  const source = find(state, of.run, of.pieces);
  if (!source || (known && sameSource(known, source))) return source && known;
  sources.set(of.run, source);
  return source;
}

function sameSource(a: Source, b: Source): boolean {
  if (!a.updates || !b.updates) return a.overview === b.overview;
  const { length } = a.updates;
  return length === b.updates.length && a.updates.every((update, i) => update === b.updates[i]);
}

function find(state: ViewState, run: RunInfo, pieces: RunPieces): Source | undefined {
  if (isDetailed(state, run)) {
    const updates = updatesIn(run, pieces, state.window.from, state.window.to);
    if (updates.length) return { run, updates };
  }
  const { from, to } = state.window;
  const reaches = (o: RunOverview | undefined): o is RunOverview => !!o && o.from < to && o.to > from;
  const { overview, whole } = pieces;
  const exact = reaches(overview) && overview.from <= from && overview.to >= Math.min(to, run.positions);
  const best = exact ? overview : reaches(whole) ? whole : overview;
  return reaches(best) ? { run, overview: best } : undefined;
}

/** Loaded updates that reach into a stretch, and one before it, from which lines come in. */
function updatesIn(run: RunInfo, pieces: RunPieces, from: number, to: number): Update[] {
  const found: Update[] = [];
  const first = Math.max(0, updatesAt(run, pieces, Math.max(originOf(run), from)) - 2);
  for (let i = first; i < run.updates; i++) {
    const update = updateAt(pieces, i);
    if (!update) continue;
    if (update.position >= to) break;
    found.push(update);
  }
  return found;
}

/** Surprise along the time axis. */
export function surpriseSteps(source: Source): Steps[] {
  if (source.updates) {
    return source.updates.map(({ position, surprise }) => ({ from: position, step: 1, values: surprise }));
  }
  return overviewSurprise(source.overview);
}

export function overviewSurprise(overview: RunOverview): Steps[] {
  const { from, to, columns } = overview;
  return [{ from, step: (to - from) / columns, values: overviewTrack(overview, 'surpriseMax') }];
}

/** Positions and values of a line. */
export interface Points {
  readonly at: readonly number[];
  readonly values: readonly number[];
}

/** Loss: of single updates the mean of {@link MEAN_TOKENS} tokens, of an overview that of each column. */
export function lossPoints(source: Source): Points {
  if (!source.updates) return columnPoints(source.overview, overviewTrack(source.overview, 'loss'));
  const { updates } = source;
  return {
    at: updates.map(endOf),
    values: updates.map((_, i) => meanLoss(updates, i)),
  };
}

/** Mean loss of the last tokens up to an update, nats a token. */
export function meanLoss(updates: readonly Update[], index: number): number {
  let [sum, tokens] = [0, 0];
  for (let i = index; i >= 0 && tokens < MEAN_TOKENS; i--) {
    const { loss, surprise } = updates[i];
    if (!Number.isFinite(loss) || surprise.length === 0) continue;
    sum += loss * surprise.length;
    tokens += surprise.length;
  }
  return tokens ? sum / tokens : Number.NaN;
}

/** A gate of a level, mean of its blocks; drift is the largest of them. */
export function levelPoints(source: Source, level: number, metric: 'alpha' | 'eta' | 'drift'): Points {
  const { run } = source;
  const blocks = Array.from({ length: run.blocks }, (_, block) => block);
  const join = (values: readonly number[]): number => {
    const known = values.filter(Number.isFinite);
    if (known.length === 0) return Number.NaN;
    return metric === 'drift' ? Math.max(...known) : known.reduce((sum, v) => sum + v, 0) / known.length;
  };
  if (source.updates) {
    return {
      at: source.updates.map(endOf),
      values: source.updates.map(update =>
        join(blocks.map(block => metricOf(update, run, block, level, metric))),
      ),
    };
  }
  const { overview } = source;
  const tracks = blocks.map(block => overviewLevelTrack(overview, metric, block, level));
  return columnPoints(
    overview,
    Array.from({ length: overview.columns }, (_, i) => join(tracks.map(t => t[i]))),
  );
}

function columnPoints({ from, to, columns }: RunOverview, values: ArrayLike<number>): Points {
  const step = (to - from) / columns;
  const points = { at: [] as number[], values: [] as number[] };
  for (let i = 0; i < columns; i++) {
    // A column without an update holds nothing and breaks no line.
    if (Number.isNaN(values[i])) continue;
    points.at.push(from + (i + 1) * step);
    points.values.push(values[i]);
  }
  return points;
}

/** Scores of the run's probes: where each was taken, and p(answer). */
export function probePoints(
  run: RunInfo,
  pieces: RunPieces,
): readonly (Points & { readonly answer: string; readonly prompt: string })[] {
  return run.probes.map(({ prompt, answer, scores }) => ({
    prompt,
    answer,
    at: scores.map(({ updates }) => positionAfter(run, pieces, updates)),
    values: scores.map(({ probability }) => probability),
  }));
}

const cells = new WeakMap<object, Cell[][][]>();

/** Cells of a level, a list a block. */
export function levelCells(source: Source, level: number): readonly (readonly Cell[])[] {
  const key = source.updates ?? source.overview;
  const known = cells.get(key);
  if (known) return known[level];
  const all = source.run.levels.map((_, l) =>
    source.updates ? updateCells(source.run, source.updates, l) : columnCells(source.run, source.overview, l),
  );
  cells.set(key, all);
  return all[level];
}

function updateCells(run: RunInfo, updates: readonly Update[], level: number): Cell[][] {
  const { period } = run.levels[level];
  const rows: Cell[][] = Array.from({ length: run.blocks }, () => []);
  let before = Number.NEGATIVE_INFINITY;
  for (const update of updates) {
    if (!firedIn(update, run, level)) continue;
    const to = endOf(update);
    const from = Math.max(before, to - period, originOf(run));
    before = to;
    rows.forEach((row, block) => {
      const fired = metricOf(update, run, block, level, 'fired') > 0;
      // A write at the very end may read no token of its own; it is drawn as wide as a tick.
      if (fired)
        row.push({ from: from < to ? from : to - tickOf(run), to, rho: rhoOf(update, run, block, level) });
    });
  }
  return rows;
}

/** Where periods are wider than columns, an update that begins in a column ends its cell at the boundary after it. */
function columnCells(run: RunInfo, overview: RunOverview, level: number): Cell[][] {
  const { period } = run.levels[level];
  const { from, to, columns } = overview;
  const step = (to - from) / columns;
  const tick = tickOf(run);
  return Array.from({ length: run.blocks }, (_, block) => {
    const fired = overviewLevelTrack(overview, 'fired', block, level);
    const rho = overviewLevelTrack(overview, 'rho', block, level);
    const row: Cell[] = [];
    for (let i = 0; i < columns; i++) {
      if (!(fired[i] > 0)) continue;
      const [start, end] = [from + i * step, from + (i + 1) * step];
      const boundary = Math.ceil((start + tick) / period) * period;
      // What is written before its boundary, at the end of a text, ends with the column.
      const until = period > step && boundary < end + tick ? boundary : end;
      const since = period > step ? Math.max(originOf(run), from, until - period) : start;
      row.push({ from: since, to: until, rho: rho[i] });
    }
    return row;
  });
}

/** Positions that a level has read since its last update, at the end of what was read. */
export function pendingOf(
  source: Source,
  pieces: RunPieces,
  level: number,
): { from: number; to: number } | undefined {
  const { run } = source;
  const last = updateAt(pieces, run.updates - 1);
  const pending = last ? metricOf(last, run, 0, level, 'pending') : run.positions % run.levels[level].period;
  return pending > 0 ? { from: run.positions - pending, to: run.positions } : undefined;
}

/** Firings that are still to come in a stretch. */
export function plannedFirings(
  run: RunInfo,
  level: number,
  { from, to }: { from: number; to: number },
  total: number,
): number[] {
  const { period } = run.levels[level];
  const found: number[] = [];
  const first = Math.max(Math.floor(run.positions / period) + 1, Math.ceil(from / period)) * period;
  for (let at = first; at <= Math.min(to, total); at += period) found.push(at);
  return found;
}
