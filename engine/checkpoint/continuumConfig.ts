import type { FieldReader } from './fieldReader.ts';
import { LEVEL_OPTIMIZERS, type LevelOptimizerConfig, parseLevelOptimizer } from './levelOptimizer.ts';
import { hasContinuum, type SystemName } from './systems.ts';
import { present } from './titansConfig.ts';

/** How levels of the continuum memory system work together (Eq. 72–74). */
export const FORMS = ['sequential', 'nested', 'independent'] as const;
export type ContinuumForm = (typeof FORMS)[number];

/** The continuum memory system of a block; the feed-forward of a system without one is its only level. */
export interface ContinuumConfig {
  /** Tokens between two updates of cms.0, cms.1, …, strictly growing. */
  readonly periods: readonly number[];
  /** Hidden width of a CMS block as a multiple of D. */
  readonly hidden_multiplier: number;
  /**
   * 'sequential' (Eq. 73, where absent): a chain; 'nested' (Eq. 72): a chain in which a level starts again at its
   * meta-learned state when the next slower one is updated; 'independent' (Eq. 74): side by side, summed with learned
   * weights.
   */
  readonly form?: ContinuumForm;
  /** Whether a chain begins with the level that is updated most often (where absent) or most seldom (Eq. 73 in print). */
  readonly order?: 'fast-first' | 'slow-first';
  /** What updates each level, cms.0 first; plain gradient descent (Eq. 71) where absent. */
  readonly optimizers?: readonly LevelOptimizerConfig[];
}

interface Limits {
  readonly period: number;
  readonly levels: number;
}

/** @throws CheckpointError naming the first wrong field, the value found and what is allowed. */
export function parseContinuum(
  fields: FieldReader,
  most: Limits,
  system: SystemName = 'hope',
): ContinuumConfig {
  const periods = parsePeriods(fields, most);
  const continuum: ContinuumConfig = {
    periods,
    hidden_multiplier: fields.positive('hidden_multiplier', 64),
    ...present({
      form: fields.choice('form', FORMS),
      order: fields.choice('order', ['fast-first', 'slow-first'] as const),
      optimizers: fields.optional('optimizers', name => parseOptimizers(fields, name, periods.length)),
    }),
  };
  if (periods.length > 1 && !hasContinuum({ system })) {
    throw fields.faultOf('periods', `a list of one period: ${system} has one feed-forward`);
  }
  if (continuum.form === 'independent' && continuum.order) {
    throw fields.faultOf('order', 'left out: independent levels have none');
  }
  if (continuum.form === 'nested') {
    periods.forEach((period, level) => {
      if (level > 0 && period % periods[level - 1] !== 0) {
        const allowed = `each a multiple of the one before in a nested system (${period} is none of ${periods[level - 1]})`;
        throw fields.faultOf('periods', allowed);
      }
    });
  }
  return continuum;
}

function parsePeriods(fields: FieldReader, most: Limits): number[] {
  const periods = fields.integers('periods', 1, most.period);
  if (periods.length === 0 || periods.length > most.levels) {
    throw fields.faultOf('periods', `a list of 1 to ${most.levels} periods`);
  }
  periods.forEach((period, level) => {
    if (level > 0 && period <= periods[level - 1]!) {
      throw fields.faultOf('periods', `strictly growing (${periods[level - 1]} is followed by ${period})`);
    }
  });
  return periods;
}

function parseOptimizers(fields: FieldReader, name: string, levels: number): LevelOptimizerConfig[] {
  const value = fields.value(name);
  if (!Array.isArray(value) || value.length !== levels) {
    throw fields.faultOf(
      name,
      `a list of ${levels}, one a level, each with a kind: ${LEVEL_OPTIMIZERS.join(', ')}`,
    );
  }
  return value.map((_, i) => parseLevelOptimizer(fields.item(name, i)));
}
