import type { FieldReader } from './fieldReader.ts';

/** What can update a level; each is an associative memory of the errors it was given (§4). */
export const LEVEL_OPTIMIZERS = [
  'sgd',
  'momentum',
  'adamw',
  'delta-gradient-descent',
  'delta-momentum',
  'deep-momentum',
  'projected-momentum',
  'muon',
  'm3',
] as const;
export type LevelOptimizerKind = (typeof LEVEL_OPTIMIZERS)[number];

/** An optimizer with its hyperparameters complete; which of them it has is in `DEFAULTS`. */
export interface LevelOptimizerConfig {
  readonly kind: LevelOptimizerKind;
  readonly [hyperparameter: string]: string | number;
}

/** Hyperparameters with the values they have where a file names none. */
export const DEFAULTS: Readonly<Record<LevelOptimizerKind, Readonly<Record<string, number>>>> = {
  sgd: {},
  momentum: { beta: 0.9 },
  adamw: { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weight_decay: 0 },
  'delta-gradient-descent': {},
  'delta-momentum': { beta: 0.9 },
  'deep-momentum': { beta: 0.9, memory_rate: 0.1 },
  'projected-momentum': { beta: 0.9 },
  muon: { momentum: 0.95, weight_decay: 0 },
  m3: { beta1: 0.9, beta2: 0.999, beta3: 0.9, alpha: 0.5, epsilon: 1e-8, steps: 3, slow_period: 2 },
};

const WHOLE: readonly string[] = ['steps', 'slow_period'];
/** Shares that are kept of what was there; M3 has no decay, so its β are factors (Algorithm 1). */
const KEPT = ['beta', 'beta1', 'beta2', 'momentum'];

/** @throws CheckpointError naming the first wrong field, the value found and what is allowed. */
export function parseLevelOptimizer(fields: FieldReader): LevelOptimizerConfig {
  const kind = fields.choice('kind', LEVEL_OPTIMIZERS);
  if (!kind) throw fields.faultOf('kind', `one of ${LEVEL_OPTIMIZERS.join(', ')}`);
  const defaults = DEFAULTS[kind];
  const unknown = fields.names.find(name => name !== 'kind' && !Object.hasOwn(defaults, name));
  if (unknown) {
    const allowed = Object.keys(defaults).join(', ') || 'nothing but its kind';
    throw fields.faultOf(unknown, `left out: ${kind} has ${allowed}`);
  }
  const values = Object.entries(defaults).map(([name, usual]) => [
    name,
    fields.optional(name, () => hyperparameter(fields, kind, name)) ?? usual,
  ]);
  return { kind, ...Object.fromEntries(values) };
}

function hyperparameter(fields: FieldReader, kind: LevelOptimizerKind, name: string): number {
  if (WHOLE.includes(name)) return fields.integer(name, 1, 1000);
  return fields.number(name, 0, kind !== 'm3' && KEPT.includes(name) ? 0.9999 : 10);
}
