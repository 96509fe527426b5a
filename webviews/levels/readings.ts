import {
  type LevelInfo,
  METRIC_INDEX,
  METRICS,
  type Metric,
  type Update,
} from '../../engine/protocol/index.ts';
import type { TimeSpan } from '../charts/columns.ts';
import type { Firing } from '../charts/updateRaster.ts';
import { endOf, firedIn, type History } from './history.ts';
import { updatesIn } from './timeWindow.ts';

/** The numbers of one level at one update. Blocks count from 0; a number that does not apply is NaN. */
export interface LevelReading {
  /** The level's last update at or before the one shown. */
  readonly last: Update | undefined;
  /** ρ = ‖ΔW‖ / ‖W‖ of `last`, over all blocks the largest. */
  readonly rho: number;
  /** Block of `rho` and of the norms. */
  readonly block: number;
  readonly deltaNorm: number;
  readonly weightNorm: number;
  readonly gradientNorm: number;
  /** LSS of the same; of a memory of an optimizer what the write surprised it by. */
  readonly writtenSurprise: number;
  /** ‖W − W₀‖ / ‖W₀‖ now, over all blocks the largest, and its block. */
  readonly drift: number;
  readonly driftBlock: number;
  /** Gates and local surprise of the update shown, over all blocks the mean. */
  readonly alpha: number;
  readonly eta: number;
  readonly lss: number;
  /** Tokens read since the last update, over all blocks the largest. */
  readonly pending: number;
}

/** One metric of one block and level of an update. */
export function metricOf(
  update: Update,
  history: Pick<History, 'levels'>,
  block: number,
  level: number,
  metric: Metric,
): number {
  return update.metrics[(block * history.levels + level) * METRICS.length + METRIC_INDEX[metric]];
}

/** ρ of one block and level: 0 where nothing changed, NaN where it was not recorded. */
export function rhoOf(update: Update, history: History, block: number, level: number): number {
  const delta = metricOf(update, history, block, level, 'deltaNorm');
  const weight = metricOf(update, history, block, level, 'weightNorm');
  if (delta === 0) return 0;
  return weight > 0 ? delta / weight : Number.NaN;
}

/** @param block Block to read; undefined reads all of them. */
export function blocksOf(history: History, block: number | undefined): readonly number[] {
  if (block !== undefined) return block < history.blocks ? [block] : [];
  return Array.from({ length: history.blocks }, (_, i) => i);
}

/** Reads a level at an update. @param block Block to read; undefined aggregates over all. */
export function readLevel(
  history: History,
  level: number,
  block: number | undefined,
  shown: Update | undefined,
): LevelReading {
  const blocks = shown && level < history.levels ? blocksOf(history, block) : [];
  const last = shown && blocks.length ? lastFiring(history, level, shown) : undefined;
  const rho = largest(last ? blocks : [], b =>
    metricOf(last!, history, b, level, 'fired') > 0 ? rhoOf(last!, history, b, level) : Number.NaN,
  );
  const at = (metric: Metric): number =>
    last && rho.block >= 0 ? metricOf(last, history, rho.block, level, metric) : Number.NaN;
  const now = (metric: Metric) => (b: number) => metricOf(shown!, history, b, level, metric);
  const drift = largest(blocks, now('drift'));
  return {
    last,
    rho: rho.value,
    block: rho.block,
    deltaNorm: at('deltaNorm'),
    weightNorm: at('weightNorm'),
    gradientNorm: at('gradientNorm'),
    writtenSurprise: at('lss'),
    drift: drift.value,
    driftBlock: drift.block,
    alpha: mean(blocks.map(now('alpha'))),
    eta: mean(blocks.map(now('eta'))),
    lss: mean(blocks.map(now('lss'))),
    pending: shown ? pendingAt(largest(blocks, now('pending')).value, last, shown) : Number.NaN,
  };
}

/** Without recorded numbers the firings alone say how much is pending. */
function pendingAt(recorded: number, last: Update | undefined, shown: Update): number {
  if (!Number.isNaN(recorded)) return recorded;
  return endOf(shown) - (last ? endOf(last) : 0);
}

function lastFiring(history: History, level: number, shown: Update): Update | undefined {
  const known = history.totals.lastFired[level];
  if (!known || known.index <= shown.index) return known;
  const first = history.updates[0].index;
  for (let i = shown.index - first; i >= 0; i--) {
    if (firedIn(history.updates[i], history.blocks, history.levels, level)) return history.updates[i];
  }
  return undefined;
}

/** The level's updates in a window, each with the largest ρ of the blocks. */
export function firingsIn(
  history: History,
  level: number,
  block: number | undefined,
  span: TimeSpan,
): Firing[] {
  const blocks = blocksOf(history, block);
  const firings: Firing[] = [];
  for (const update of level < history.levels ? updatesIn(history.updates, span) : []) {
    let rho: number | undefined;
    for (const b of blocks) {
      if (!(metricOf(update, history, b, level, 'fired') > 0)) continue;
      const value = rhoOf(update, history, b, level);
      if (rho === undefined || Number.isNaN(rho) || value > rho) rho = value;
    }
    if (rho !== undefined) firings.push({ at: endOf(update), rho });
  }
  return firings;
}

/** Tokens that will have been read when the level fires next. */
export function nextFiring({ period }: LevelInfo, reading: LevelReading, shown: Update | undefined): number {
  if (!shown) return period;
  return endOf(shown) + tokensToGo(period, reading.pending);
}

/** Tokens until the next update; a whole period where none are pending. */
export function tokensToGo(period: number, pending: number): number {
  return Number.isNaN(pending) ? period : Math.max(0, period - pending);
}

function largest(
  blocks: readonly number[],
  value: (block: number) => number,
): { value: number; block: number } {
  let best = { value: Number.NaN, block: -1 };
  for (const block of blocks) {
    const v = value(block);
    if (best.block < 0 || v > best.value || (Number.isNaN(best.value) && !Number.isNaN(v)))
      best = { value: v, block };
  }
  return best;
}

function mean(values: readonly number[]): number {
  const known = values.filter(value => !Number.isNaN(value));
  return known.length ? known.reduce((sum, value) => sum + value, 0) / known.length : Number.NaN;
}
