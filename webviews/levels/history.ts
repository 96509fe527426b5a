import { decodeFrame, type Frame, METRIC_INDEX, METRICS, type Update } from '../../engine/protocol/index.ts';

/** Tokens kept at least: twice the widest window, so that the cursor has room to walk back. */
export const KEPT_TOKENS = 8192;

/** The updates of one run that can still be shown, and what is known of all the ones before. */
export interface History {
  readonly runId: string | undefined;
  readonly blocks: number;
  /** Levels a block, without `outer`. */
  readonly levels: number;
  /** Consecutive, oldest first, over the last {@link KEPT_TOKENS} tokens. */
  readonly updates: readonly Update[];
  readonly totals: Totals;
}

/** Sums over all updates received, including those no longer kept. */
export interface Totals {
  readonly updates: number;
  readonly tokens: number;
  /** Nats over all tokens whose surprise is a number. */
  readonly surprise: number;
  /** Updates a level. */
  readonly fired: readonly number[];
  /** The last update in which a level fired, in any block. */
  readonly lastFired: readonly (Update | undefined)[];
}

/** A history without updates; `runId` undefined takes the run of the first frame. */
export function emptyHistory(runId?: string): History {
  return {
    runId,
    blocks: 0,
    levels: 0,
    updates: [],
    totals: { updates: 0, tokens: 0, surprise: 0, fired: [], lastFired: [] },
  };
}

/** Tokens that had been read of the stream when an update was made. */
export const endOf = (update: Update): number => update.position + update.surprise.length;

/** The newest update. */
export const newest = (history: History): Update | undefined => history.updates.at(-1);

/** A kept update by its index in the run. */
export const updateAt = (history: History, index: number): Update | undefined =>
  history.updates.length ? history.updates[index - history.updates[0].index] : undefined;

/**
 * Appends the updates of a frame and lets go of those that can no longer be shown.
 * @throws RangeError when the frame belongs to another run, does not follow the last update, has another
 * shape, or is damaged; the history is then as it was.
 */
export function appendFrame(history: History, frame: Frame): History {
  refuse(history, frame);
  if (frame.count === 0) return history;
  const added = decodeFrame(frame);
  let end = newest(history) ? endOf(newest(history)!) : 0;
  for (const update of added) {
    if (!Number.isSafeInteger(update.position) || update.position < end) {
      throw new RangeError(`update ${update.index} starts at token ${update.position}, before token ${end}`);
    }
    end = endOf(update);
  }
  const all = [...history.updates, ...added];
  let drop = 0;
  while (drop < all.length - 1 && endOf(all[drop]) <= end - KEPT_TOKENS) drop++;
  const dropsAdded = drop > history.updates.length;
  return {
    runId: frame.runId,
    blocks: frame.blocks,
    levels: frame.levels,
    // Updates are views into their frame: a survivor of a frame that is mostly dropped is copied out of it.
    updates: all.slice(drop).map(update => (dropsAdded ? compact(update) : update)),
    totals: addTotals(history.totals, frame, added),
  };
}

const isCount = (n: number): boolean => Number.isSafeInteger(n) && n >= 0;

function refuse(history: History, frame: Frame): void {
  const { runId, first, count, blocks, levels } = frame;
  if (![first, count, blocks, levels].every(isCount)) {
    throw new RangeError('frame header has numbers that are no counts; send a reset with the backlog');
  }
  if (history.runId !== undefined && history.runId !== runId) {
    throw new RangeError('frame belongs to a run that is not shown; send its state or a reset first');
  }
  const last = newest(history);
  if (count === 0) return;
  if (last && last.index + 1 !== first) {
    throw new RangeError(
      `frame starts at update ${first}, expected ${last.index + 1}; send a reset with the backlog`,
    );
  }
  if (last && (history.blocks !== blocks || history.levels !== levels)) {
    throw new RangeError(
      `frame has ${blocks} × ${levels} levels, expected ${history.blocks} × ${history.levels}; send a reset`,
    );
  }
}

function addTotals(totals: Totals, { blocks, levels }: Frame, added: readonly Update[]): Totals {
  let { updates, tokens, surprise } = totals;
  const fired = Array.from({ length: levels }, (_, level) => totals.fired[level] ?? 0);
  const lastFired = Array.from({ length: levels }, (_, level) => totals.lastFired[level]);
  for (const update of added) {
    updates++;
    tokens += update.surprise.length;
    for (const nats of update.surprise) if (Number.isFinite(nats)) surprise += nats;
    for (let level = 0; level < levels; level++) {
      if (!firedIn(update, blocks, levels, level)) continue;
      fired[level]++;
      lastFired[level] = update;
    }
  }
  // Held beyond the window, perhaps for thousands of frames: copied, so that it holds no whole frame.
  const kept = lastFired.map((update, i) =>
    update && update !== totals.lastFired[i] ? compact(update) : update,
  );
  return { updates, tokens, surprise, fired, lastFired: kept };
}

/** Whether a level was updated in any block. */
export function firedIn(update: Update, blocks: number, levels: number, level: number): boolean {
  for (let block = 0; block < blocks; block++) {
    if (update.metrics[(block * levels + level) * METRICS.length + METRIC_INDEX.fired] > 0) return true;
  }
  return false;
}

const compact = (update: Update): Update => ({
  ...update,
  surprise: update.surprise.slice(),
  metrics: update.metrics.slice(),
});
