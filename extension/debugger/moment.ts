import {
  METRIC_INDEX,
  METRICS,
  type Metric,
  ownLevels,
  type Probe,
  type Update,
} from '../../engine/protocol/index.ts';
import type { Scope } from './expression/evaluate.ts';
import type { LevelMetric, NumberName } from './expression/names.ts';
import type { SteppedRun, Stepper } from './stepper.ts';

/** The numbers after so many updates of a training; `update` is the last of them, undefined before the first. */
export class Moment implements Scope {
  readonly levels: readonly string[];
  readonly blocks: number;
  readonly #stepper: Stepper;
  readonly #updates: number;
  readonly update?: Update;

  constructor(stepper: Stepper, updates: number, update?: Update) {
    this.#stepper = stepper;
    this.#updates = updates;
    this.update = update;
    this.levels = stepper.run.levels.map(({ id }) => id);
    this.blocks = stepper.run.blocks;
  }

  number(name: NumberName): number {
    const tick = this.#updates > 0 ? this.#stepper.places.tickOf(this.#updates - 1) : undefined;
    switch (name) {
      case 'surprise':
        return this.update ? Math.max(...this.update.surprise) : Number.NaN;
      case 'loss':
        return this.update?.loss ?? Number.NaN;
      case 'update':
        return this.#updates;
      case 'token':
        return tick?.first ?? Number.NaN;
      case 'pass':
        return tick ? tick.pass + 1 : Number.NaN;
      case 'position':
        return tick?.position ?? Number.NaN;
      default:
        return name satisfies never;
    }
  }

  level(metric: LevelMetric, level: string, block: number | undefined): number {
    const { update } = this;
    if (!update) return Number.NaN;
    if (block !== undefined) return levelNumber(this.#stepper.run, update, metric, level, block);
    return overBlocks(this.#stepper.run, update, metric, level);
  }

  async token(token: number): Promise<number> {
    const index = this.#stepper.places.updateReading(token, this.#updates);
    if (index === undefined) return Number.NaN;
    const tick = this.#stepper.places.tickOf(index);
    const [update] = await this.#stepper.updates(index, 1);
    if (!tick || !update) return Number.NaN;
    const { tokens, complete } = this.#stepper.places;
    const at = complete ? (token - tick.first + tokens) % tokens : token - tick.first;
    return update.surprise[at] ?? Number.NaN;
  }

  async probe(probe: Probe): Promise<{ p: number; logp: number; rank: number }> {
    const [score] = await this.#stepper.scoreProbes([probe]);
    return { p: score.probability, logp: score.meanLogProbability, rank: score.rank };
  }
}

/** A number of a level in one block; NaN where it does not apply. */
export function levelNumber(
  run: SteppedRun,
  { metrics }: Update,
  metric: LevelMetric,
  level: string,
  block: number,
): number {
  const index = run.levels.findIndex(({ id }) => id === level);
  const value = (name: Metric) =>
    metrics[(block * run.levels.length + index) * METRICS.length + METRIC_INDEX[name]] ?? Number.NaN;
  return metric === 'rho' ? value('deltaNorm') / value('weightNorm') : value(metric);
}

/** A number of a level over all blocks: their mean, but the largest of `fired` and `pending`, which are no sizes. */
export function overBlocks(run: SteppedRun, update: Update, metric: LevelMetric, level: string): number {
  const all = Array.from({ length: run.blocks }, (_, block) =>
    levelNumber(run, update, metric, level, block),
  );
  const known = all.filter(value => !Number.isNaN(value));
  if (known.length === 0) return Number.NaN;
  if (metric === 'fired' || metric === 'pending') return Math.max(...known);
  return known.reduce((sum, value) => sum + value, 0) / known.length;
}

/** Levels whose weights an update changed, fast to slow. */
export function firedLevels(run: SteppedRun, update: Update): string[] {
  return ownLevels(run.levels)
    .map(({ id }) => id as string)
    .filter(id => overBlocks(run, update, 'fired', id) > 0);
}
