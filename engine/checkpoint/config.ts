import type { LevelInfo } from '../protocol/level.ts';
import { FieldReader } from './fieldReader.ts';

/** How a Hope language model is built: `config.json` of a model folder. Widths and periods in tokens. */
export interface HopeConfig {
  readonly model_type: 'hope';
  readonly format: 1;
  readonly name: string;
  readonly vocabulary: number;
  /** Width D of the residual stream, a multiple of `heads`. */
  readonly width: number;
  readonly blocks: number;
  /** Memories a block; each sees D / heads channels. */
  readonly heads: number;
  /** Taps of the local convolution in front of the memories; the last tap is the current token. */
  readonly convolution: number;
  readonly titans: {
    /** C_mem: tokens between two updates of M_memory. */
    readonly memory_period: number;
    /** C_other: tokens between two updates of M_k, M_v, M_η, M_α. */
    readonly projections_period: number;
    readonly eta_scale: number;
    /** Added before the softplus of η. */
    readonly eta_bias: number;
    /** η is clamped to at most this (HOPE stability, η < 2/3 for the full loss at α = 1). */
    readonly eta_ceiling: number;
    /** Largest norm of one token's inner gradient; a larger one is scaled down to it. */
    readonly gradient_ceiling: number;
    /** Added before the sigmoid of α. */
    readonly alpha_bias: number;
    /** L2-normalise q and k. */
    readonly qk_norm: boolean;
  };
  readonly cms: {
    /** Tokens between two updates of cms.0, cms.1, …, strictly growing. */
    readonly periods: readonly number[];
    /** Hidden width of a CMS block as a multiple of D. */
    readonly hidden_multiplier: number;
  };
  /** Online learning rates a level used when the settings name none. */
  readonly learning_rates: Readonly<Record<string, number>>;
}

// Far beyond any real model; they keep sizes that a file only claims inside exact integers.
const most = {
  vocabulary: 2 ** 24,
  width: 2 ** 16,
  blocks: 1024,
  convolution: 64,
  period: 2 ** 30,
  levels: 64,
};

/**
 * Checks the contents of a `config.json`; fields it does not know are ignored. Throws `CheckpointError` naming
 * the first wrong field, the value found and what is allowed.
 * @param path The file, for the error messages.
 */
export function parseConfig(json: unknown, path: string): HopeConfig {
  const fields = new FieldReader(json, path);
  const config: HopeConfig = {
    model_type: fields.constant('model_type', 'hope'),
    format: fields.constant('format', 1),
    name: fields.text('name', 200),
    vocabulary: fields.integer('vocabulary', 1, most.vocabulary),
    width: fields.integer('width', 1, most.width),
    blocks: fields.integer('blocks', 1, most.blocks),
    heads: fields.integer('heads', 1, most.width),
    convolution: fields.integer('convolution', 1, most.convolution),
    titans: parseTitans(fields.object('titans')),
    cms: parseCms(fields.object('cms')),
    learning_rates: {},
  };
  if (config.width % config.heads !== 0) {
    throw fields.faultOf('width', `a multiple of heads (${config.heads})`);
  }
  if (!Number.isInteger(config.cms.hidden_multiplier * config.width)) {
    throw fields
      .object('cms')
      .faultOf('hidden_multiplier', `such that times width (${config.width}) it is a whole number`);
  }
  const ids = levelsOf(config).map(level => level.id);
  return { ...config, learning_rates: parseRates(fields.object('learning_rates'), ids) };
}

/** The levels of a model, fast to slow; `outer` last with period 0. */
export function levelsOf(config: HopeConfig): LevelInfo[] {
  return [
    { id: 'memory', period: config.titans.memory_period },
    { id: 'projections', period: config.titans.projections_period },
    ...config.cms.periods.map((period, level): LevelInfo => ({ id: `cms.${level}`, period })),
    { id: 'outer', period: 0 },
  ];
}

/** Smallest step of online training in tokens: the gcd of all periods, so that every level fires at a tick. */
export function tickOf(config: HopeConfig): number {
  return levelsOf(config).reduce((tick, level) => gcd(tick, level.period), 0);
}

function parseTitans(fields: FieldReader): HopeConfig['titans'] {
  return {
    memory_period: fields.integer('memory_period', 1, most.period),
    projections_period: fields.integer('projections_period', 1, most.period),
    eta_scale: fields.positive('eta_scale'),
    eta_bias: fields.number('eta_bias'),
    eta_ceiling: fields.positive('eta_ceiling', 1),
    gradient_ceiling: fields.positive('gradient_ceiling'),
    alpha_bias: fields.number('alpha_bias'),
    qk_norm: fields.boolean('qk_norm'),
  };
}

function parseCms(fields: FieldReader): HopeConfig['cms'] {
  const periods = fields.integers('periods', 1, most.period);
  if (periods.length === 0 || periods.length > most.levels) {
    throw fields.faultOf('periods', `a list of 1 to ${most.levels} periods`);
  }
  periods.forEach((period, level) => {
    if (level > 0 && period <= periods[level - 1]!) {
      throw fields.faultOf('periods', `strictly growing (${periods[level - 1]} is followed by ${period})`);
    }
  });
  return { periods, hidden_multiplier: fields.positive('hidden_multiplier', 64) };
}

function parseRates(fields: FieldReader, levels: readonly string[]): Record<string, number> {
  for (const name of fields.names) {
    if (!levels.includes(name)) throw fields.faultOf(name, `left out: the levels are ${levels.join(', ')}`);
  }
  return Object.fromEntries(fields.names.map(name => [name, fields.number(name, 0)]));
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}
