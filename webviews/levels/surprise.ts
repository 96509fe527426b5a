import type { Update } from '../../engine/protocol/index.ts';
import type { TimeSpan } from '../charts/columns.ts';
import { endOf, type History } from './history.ts';
import { updatesIn } from './timeWindow.ts';

/** Surprise over a stretch of tokens; NaN where no token of it is kept. */
export interface SurpriseSummary {
  /** First and last token. */
  readonly first: number;
  readonly last: number;
  readonly mean: number;
  readonly highest: number;
  /** Token of `highest`. */
  readonly at: number;
}

/** Sums up the kept tokens of a window. */
export function summarise(history: History, span: TimeSpan): SurpriseSummary {
  let [sum, tokens, first, last] = [0, 0, Number.NaN, Number.NaN];
  let [highest, at] = [Number.NaN, Number.NaN];
  for (const { position, surprise } of updatesIn(history.updates, span)) {
    const end = Math.min(surprise.length, span.to - position);
    for (let i = Math.max(0, span.from - position); i < end; i++) {
      const nats = surprise[i];
      if (Number.isNaN(first)) first = position + i;
      last = position + i;
      if (!Number.isFinite(nats)) continue;
      sum += nats;
      tokens++;
      if (!(highest >= nats)) [highest, at] = [nats, position + i];
    }
  }
  return { first, last, mean: tokens ? sum / tokens : Number.NaN, highest, at };
}

/** Tokens of the running mean beside the sparkline. */
export const MEAN_TOKENS = 64;

/** Mean surprise of the last {@link MEAN_TOKENS} tokens up to an update. */
export function runningMean(history: History, shown: Update | undefined): number {
  if (!shown) return Number.NaN;
  const to = endOf(shown);
  return summarise(history, { from: to - MEAN_TOKENS, to }).mean;
}
