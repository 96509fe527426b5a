import type { Update } from '../../engine/protocol/index.ts';
import { tickOf } from './geometry.ts';
import { endOf, lastFired, metricOf, rhoOf, updateAt } from './runPieces.ts';
import type { ViewState } from './state.ts';
import { MEAN_TOKENS, meanLoss } from './trackData.ts';

/** The update that the playhead has just passed; undefined before the first one and while it is being read. */
export function shownUpdate({ pieces, updates }: ViewState): Update | undefined {
  return updateAt(pieces[0], updates - 1);
}

/** Mean loss of the last tokens at the playhead. */
export function shownLoss({ host, pieces, updates }: ViewState): number {
  if (!host.run) return Number.NaN;
  const wanted = Math.ceil(MEAN_TOKENS / tickOf(host.run));
  const found: Update[] = [];
  for (let i = Math.max(0, updates - wanted); i < updates; i++) {
    const update = updateAt(pieces[0], i);
    if (update) found.push(update);
  }
  return meanLoss(found, found.length - 1);
}

/** Mean surprise of an update, nats. */
export function meanSurprise({ surprise }: Update): number {
  const known = Array.from(surprise).filter(Number.isFinite);
  return known.length ? known.reduce((sum, nats) => sum + nats, 0) / known.length : Number.NaN;
}

/** What is known of a level and block at the playhead. */
export interface LevelReading {
  /** The level's last update. */
  readonly last: Update | undefined;
  readonly rho: number;
  readonly deltaNorm: number;
  readonly weightNorm: number;
  readonly gradientNorm: number;
  /** LSS of `last`; of a memory of an optimizer what the write surprised it by. */
  readonly writtenSurprise: number;
  readonly drift: number;
  readonly lss: number;
  readonly alpha: number;
  readonly eta: number;
  /** Tokens read since the last update. */
  readonly pending: number;
}

export function readLevel(state: ViewState, level: number, block: number): LevelReading | undefined {
  const { run } = state.host;
  const shown = shownUpdate(state);
  if (!run || !shown) return undefined;
  const last = lastFired(state.pieces[0], run, shown.index, level);
  const of = (update: Update | undefined, metric: Parameters<typeof metricOf>[4]): number =>
    update ? metricOf(update, run, block, level, metric) : Number.NaN;
  return {
    last,
    rho: last ? rhoOf(last, run, block, level) : Number.NaN,
    deltaNorm: of(last, 'deltaNorm'),
    weightNorm: of(shown, 'weightNorm'),
    gradientNorm: of(last, 'gradientNorm'),
    writtenSurprise: of(last, 'lss'),
    drift: of(shown, 'drift'),
    lss: of(shown, 'lss'),
    alpha: of(shown, 'alpha'),
    eta: of(shown, 'eta'),
    pending: of(shown, 'pending'),
  };
}

/** Score of a probe at the playhead: the last one taken until then. */
export function probeAt(state: ViewState, probe: number): number {
  const scores = state.host.run?.probes[probe]?.scores ?? [];
  return scores.findLast(({ updates }) => updates <= state.updates)?.probability ?? Number.NaN;
}

/** First and last token that an update read. */
export const tokensOf = (update: Update): readonly [first: number, last: number] => [
  update.position,
  Math.max(update.position, endOf(update) - 1),
];
