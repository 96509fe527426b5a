import { METRIC_INDEX, METRICS, type Metric, ownLevels, type Update } from '../../engine/protocol/index.ts';
import { relativeUpdate } from '../state/levelTotals.ts';
import type { RunHistory } from '../state/runHistory.ts';

/** When a level was updated with a token: after so many tokens of a pass, from 0, or in so many tokens. */
export type LevelFiring =
  | { readonly kind: 'at'; readonly token: number; readonly pass: number }
  | { readonly kind: 'in'; readonly tokens: number }
  | { readonly kind: 'none' };

/** What one level made of one token, means over the blocks; NaN where a number does not apply or was not recorded. */
export interface LevelNumbers {
  readonly id: string;
  readonly period: number;
  readonly firing: LevelFiring;
  /** ‖ΔW‖ / ‖W‖ of that update. */
  readonly relative: number;
  /** ‖∇_y L‖ at the tick that read the token (Eq. 8, 29). */
  readonly lss: number;
  readonly eta: number;
  readonly alpha: number;
}

export interface TokenNumbers {
  readonly token: number;
  /** Surprise in nats when first and when last read; NaN when not read. */
  readonly first: number;
  readonly latest: number;
  /** Pass that last read the token, from 0. */
  readonly pass: number;
  readonly blocks: number;
  /** Fast to slow; empty when the update that read the token is no longer kept. */
  readonly levels: readonly LevelNumbers[];
}

/** The numbers of a token in the newest pass that read it. @param running whether more updates may come */
export function tokenNumbers(run: RunHistory, token: number, running: boolean): TokenNumbers {
  const read = run.updateAt(token);
  const position = read ? positionOf(run, read, token) : 0;
  const passStart = position - token;
  return {
    token,
    first: run.firstSurprise[token] ?? Number.NaN,
    latest: run.latestSurprise[token] ?? Number.NaN,
    pass: passStart / Math.max(1, run.tokens),
    blocks: run.blocks,
    levels: read ? levelNumbers(run, read, passStart, running) : [],
  };
}

function levelNumbers(run: RunHistory, read: Update, passStart: number, running: boolean): LevelNumbers[] {
  const { blocks, levels } = run;
  const mean = (update: Update | undefined, value: (u: Update, block: number) => number) => {
    if (!update) return Number.NaN;
    const values = Array.from({ length: blocks }, (_, block) => value(update, block)).filter(Number.isFinite);
    return values.reduce((sum, x) => sum + x, 0) / values.length;
  };
  const metric = (update: Update | undefined, level: number, name: Metric) =>
    mean(
      update,
      (u, block) => u.metrics[(block * levels.length + level) * METRICS.length + METRIC_INDEX[name]],
    );
  const firings = firstFirings(run, read);
  const totals = run.totals();
  // Numbers of the memories of optimizers stand behind those of the model's levels.
  return ownLevels(levels).map(({ id, period }, level) => {
    const update = firings[level];
    const lss = metric(read, level, 'lss');
    return {
      id,
      period,
      firing: firing(run, update, passStart, running ? period - totals[level].pending : 0),
      relative: mean(update, (u, block) => relativeUpdate(u, levels.length, block, level)),
      // Inside the memories it is known only where they are written.
      lss: Number.isNaN(lss) ? metric(update, level, 'lss') : lss,
      eta: metric(read, level, 'eta'),
      alpha: metric(read, level, 'alpha'),
    };
  });
}

/** The first update of every level from the one that read a token on. */
function firstFirings(run: RunHistory, read: Update): (Update | undefined)[] {
  const { blocks, levels } = run;
  const found: (Update | undefined)[] = levels.map(() => undefined);
  const kept = run.kept();
  let open = levels.length;
  for (let i = read.index - kept[0].index; i < kept.length && open > 0; i++) {
    for (let level = 0; level < levels.length; level++) {
      if (found[level]) continue;
      for (let block = 0; block < blocks; block++) {
        const at = (block * levels.length + level) * METRICS.length + METRIC_INDEX.fired;
        if (kept[i].metrics[at] !== 1) continue;
        found[level] = kept[i];
        open -= 1;
        break;
      }
    }
  }
  return found;
}

function firing(run: RunHistory, update: Update | undefined, passStart: number, toGo: number): LevelFiring {
  if (!update) return toGo > 0 ? { kind: 'in', tokens: toGo } : { kind: 'none' };
  const end = update.position + update.surprise.length;
  const tokens = Math.max(1, run.tokens);
  const pass = Math.max(Math.floor((end - 1) / tokens), Math.floor(passStart / tokens));
  return { kind: 'at', token: end - pass * tokens, pass };
}

/** Stream position at which an update read a token. */
function positionOf(run: RunHistory, update: Update, token: number): number {
  const tokens = Math.max(1, run.tokens);
  const pass = Math.floor(update.position / tokens);
  const position = pass * tokens + token;
  return position >= update.position ? position : position + tokens;
}
