import {
  decodeFrame,
  type Frame,
  METRIC_INDEX,
  METRICS,
  type Metric,
  type RunInfo,
  type RunOverview,
  type Update,
} from '../../engine/protocol/index.ts';

/** Updates that travel and are kept together. */
export const CHUNK = 256;
/** Tokens of the text that travel together. */
export const TOKEN_CHUNK = 512;
const KEPT_CHUNKS = 48;

/** What the page has read of a run: never all of it. */
export interface RunPieces {
  /** Updates by the number of their chunk; the chunk at the end of a growing run may be short. */
  readonly chunks: ReadonlyMap<number, readonly Update[]>;
  /** Texts of tokens by the number of their chunk. */
  readonly tokens: ReadonlyMap<number, readonly string[]>;
  /** The visible stretch and the whole run, condensed to columns. */
  readonly overview?: RunOverview;
  readonly whole?: RunOverview;
}

export const noPieces: RunPieces = { chunks: new Map(), tokens: new Map() };

/** Pieces with the updates of a frame. @throws RangeError on a frame that is not the wanted chunk. */
export function withChunk(pieces: RunPieces, run: RunInfo, chunk: number, frame: Frame): RunPieces {
  if (frame.count > 0 && (frame.first !== chunk * CHUNK || frame.count > CHUNK)) {
    throw new RangeError(`expected updates from ${chunk * CHUNK}, got ${frame.count} from ${frame.first}`);
  }
  if (frame.blocks !== run.blocks || frame.levels !== run.levels.length) {
    throw new RangeError(
      `expected ${run.blocks} × ${run.levels.length} levels, got ${frame.blocks} × ${frame.levels}`,
    );
  }
  return { ...pieces, chunks: kept(pieces.chunks, chunk, decodeFrame(frame)) };
}

export const withTokens = (pieces: RunPieces, chunk: number, texts: readonly string[]): RunPieces => ({
  ...pieces,
  tokens: kept(pieces.tokens, chunk, texts),
});

/** Adds an entry; the one that came first goes when there are too many. */
function kept<T>(map: ReadonlyMap<number, T>, key: number, value: T): ReadonlyMap<number, T> {
  const next = new Map(map);
  next.delete(key);
  next.set(key, value);
  if (next.size > KEPT_CHUNKS) next.delete(next.keys().next().value!);
  return next;
}

/** A loaded update by its index. */
export const updateAt = ({ chunks }: RunPieces, index: number): Update | undefined =>
  index < 0 ? undefined : chunks.get(Math.floor(index / CHUNK))?.[index % CHUNK];

/** Stream positions that had been read after an update. */
export const endOf = (update: Update): number => update.position + update.surprise.length;

/** A recorded number; NaN where it does not apply. */
export function metricOf(update: Update, run: RunInfo, block: number, level: number, metric: Metric): number {
  return update.metrics[(block * run.levels.length + level) * METRICS.length + METRIC_INDEX[metric]];
}

/** Whether a level was updated in any block. */
export function firedIn(update: Update, run: RunInfo, level: number): boolean {
  for (let block = 0; block < run.blocks; block++) {
    if (metricOf(update, run, block, level, 'fired') > 0) return true;
  }
  return false;
}

/** ‖ΔW‖ / ‖W‖ of one update; NaN where it was not recorded. */
export function rhoOf(update: Update, run: RunInfo, block: number, level: number): number {
  return metricOf(update, run, block, level, 'deltaNorm') / metricOf(update, run, block, level, 'weightNorm');
}

/** The last update at or before an index in which a level fired, as far back as loaded updates reach. */
export function lastFired(pieces: RunPieces, run: RunInfo, index: number, level: number): Update | undefined {
  for (let i = index; i >= 0; i--) {
    const update = updateAt(pieces, i);
    if (!update) return undefined;
    if (firedIn(update, run, level)) return update;
  }
  return undefined;
}
