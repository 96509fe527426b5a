import type { TrainOptions } from '../../engine/protocol/index.ts';

/** A setting whose value cannot be used. */
export interface SettingProblem {
  /** Full name, `hopescope.train.epochs`. */
  readonly setting: string;
  /** The value as the user would write it. */
  readonly value: string;
  /** What is allowed, after "must be". */
  readonly allowed: string;
}

export interface TrainSettings extends TrainOptions {
  /** Texts above this many bytes of UTF-8 are trained on only after a question. */
  readonly confirmAboveBytes: number;
  /** Updates between two scorings of the probes; 0 scores them before and after a training only. */
  readonly probeInterval: number;
  /** Bytes that the states kept in a run file may take. */
  readonly storageBudget: number;
}

/** One sentence that names the setting, its value and what is allowed. */
export function problemText({ setting, value, allowed }: SettingProblem): string {
  return `The setting ${setting} is ${value} but must be ${allowed}.`;
}

/**
 * Reads the settings of a training; VS Code only underlines a bad value in settings.json and hands it out all the same.
 * @param get value of a setting below `hopescope` @param levels level ids of the loaded model, if one is
 */
export function readTrainSettings(
  get: (name: string) => unknown,
  levels?: readonly string[],
): TrainSettings | SettingProblem {
  try {
    return {
      epochs: integer(get, 'train.epochs', 1, 10_000),
      learningRates: learningRates(get('train.learningRates'), levels),
      partialChunk: oneOf(get, 'train.partialChunk', ['flush', 'drop'] as const),
      telemetry: oneOf(get, 'train.telemetry', [true, false] as const),
      confirmAboveBytes: integer(get, 'train.confirmAboveBytes', 0, Number.MAX_SAFE_INTEGER),
      probeInterval: integer(get, 'probes.interval', 0, 1_000_000),
      storageBudget: MEGABYTE * integer(get, 'run.storageBudget', 1, 1_000_000),
    };
  } catch (error) {
    if (error instanceof Refused) return error.problem;
    throw error;
  }
}

export function isProblem(settings: TrainSettings | SettingProblem): settings is SettingProblem {
  return 'allowed' in settings;
}

class Refused extends Error {
  readonly problem: SettingProblem;

  constructor(name: string, value: unknown, allowed: string) {
    super(allowed);
    const shown = JSON.stringify(value) ?? 'missing';
    this.problem = { setting: `hopescope.${name}`, value: shown, allowed };
  }
}

function integer(get: (name: string) => unknown, name: string, least: number, most: number): number {
  const value = get(name);
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
  const allowed = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
  throw new Refused(name, value, `a whole number ${allowed}`);
}

function oneOf<T>(get: (name: string) => unknown, name: string, choices: readonly T[]): T {
  const value = get(name) as T;
  if (choices.includes(value)) return value;
  throw new Refused(name, value, choices.map(choice => JSON.stringify(choice)).join(' or '));
}

const MOST_RATE = 100;
const MEGABYTE = 2 ** 20;

function learningRates(value: unknown, levels?: readonly string[]): Record<string, number> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Refused(
      'train.learningRates',
      value,
      'an object with a number a level, such as {"cms.0": 0.1}',
    );
  }
  const trainable = levels?.filter(level => level !== 'outer');
  const rates: Record<string, number> = {};
  for (const [level, rate] of Object.entries(value)) {
    if (trainable ? !trainable.includes(level) : !/^(memory|projections|cms\.\d+)$/.test(level)) {
      const names = trainable?.join(', ') ?? 'memory, projections, cms.0, cms.1 and so on';
      throw new Refused('train.learningRates', value, `keyed by levels; “${level}” is none of ${names}`);
    }
    if (typeof rate !== 'number' || !(rate >= 0 && rate <= MOST_RATE)) {
      throw new Refused(
        'train.learningRates',
        { [level]: rate },
        `a number from 0 to ${MOST_RATE} for each level`,
      );
    }
    rates[level] = rate;
  }
  return rates;
}
