import { type LevelInfo, METRIC_INDEX, METRICS, type Update } from '../../engine/protocol/index.ts';

/** What one level did in a run so far, over all blocks. */
export interface LevelTotal {
  readonly id: string;
  readonly period: number;
  /** Updates at which the level fired in at least one block. */
  readonly fired: number;
  /** Mean ‖ΔW‖ / ‖W‖ over the firings seen with telemetry; NaN without any. */
  readonly meanRelative: number;
  /** Largest and newest ‖ΔW‖ / ‖W‖ of a block's firing; NaN without any. */
  readonly maxRelative: number;
  readonly lastRelative: number;
  /** ‖W − W₀‖ / ‖W₀‖ after the newest update, mean over the blocks. */
  readonly drift: number;
  /** Tokens read since the level last fired. */
  readonly pending: number;
}

interface Sum extends Omit<{ -readonly [K in keyof LevelTotal]: LevelTotal[K] }, 'meanRelative'> {
  sum: number;
  count: number;
}

/** ρ = ‖ΔW‖ / ‖W‖ of one block's level at one update; NaN where it is not known. */
export function relativeUpdate(update: Update, levels: number, block: number, level: number): number {
  const at = (block * levels + level) * METRICS.length;
  return update.metrics[at + METRIC_INDEX.deltaNorm] / update.metrics[at + METRIC_INDEX.weightNorm];
}

/** Running totals a level, one addition an update. */
export class LevelTotals {
  readonly #sums: Sum[];
  readonly #blocks: number;

  /** @param levels fast to slow, without `outer`. */
  constructor(levels: readonly LevelInfo[], blocks: number) {
    this.#blocks = blocks;
    this.#sums = levels.map(({ id, period }) => ({
      ...{ id, period, fired: 0, maxRelative: NaN, lastRelative: NaN, drift: NaN, pending: 0 },
      ...{ sum: 0, count: 0 },
    }));
  }

  add(update: Update): void {
    const levels = this.#sums.length;
    this.#sums.forEach((total, level) => {
      let fired = false;
      let drift = 0;
      for (let block = 0; block < this.#blocks; block++) {
        const at = (block * levels + level) * METRICS.length;
        drift += update.metrics[at + METRIC_INDEX.drift];
        total.pending = update.metrics[at + METRIC_INDEX.pending];
        if (update.metrics[at + METRIC_INDEX.fired] !== 1) continue;
        fired = true;
        const relative = relativeUpdate(update, levels, block, level);
        if (!Number.isFinite(relative)) continue;
        total.sum += relative;
        total.count += 1;
        total.lastRelative = relative;
        total.maxRelative = Number.isNaN(total.maxRelative)
          ? relative
          : Math.max(total.maxRelative, relative);
      }
      total.drift = drift / this.#blocks;
      if (fired) total.fired += 1;
    });
  }

  list(): LevelTotal[] {
    return this.#sums.map(({ sum, count, ...total }) => ({ ...total, meanRelative: sum / count }));
  }
}
