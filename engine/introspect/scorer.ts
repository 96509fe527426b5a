import type { ParameterSpec } from '../model/parameters.ts';

/** Fast weights by name, in host memory. Maps of one run share the arrays that did not change between them. */
export type Weights = ReadonlyMap<string, Float32Array>;

/** A tensor that a level consists of. */
export type LevelTensor = Pick<ParameterSpec, 'name' | 'level' | 'block'>;

/** Scores one probe on any fast weights: mean log-probability of its answer, nats a token. */
export interface Scorer {
  score(weights: Weights): number;
  /** ∂ score / ∂ w of the tensors named. */
  gradient(weights: Weights, names: readonly string[]): Map<string, Float32Array>;
  /** The same of several weights, which share the arrays that are the same: faster than one by one. */
  scoreAll(weights: readonly Weights[]): Float64Array;
  /** Weights that `scoreAll` may be given at once for an answer in a fraction of a second. */
  readonly atOnce: number;
}

/** The weights of `before` with those of the levels in `taken` from `after`. */
export function mix(
  tensors: readonly LevelTensor[],
  before: Weights,
  after: Weights,
  taken: ReadonlySet<string>,
): Weights {
  const mixed = new Map(before);
  for (const { name, level } of tensors) if (taken.has(level)) mixed.set(name, after.get(name)!);
  return mixed;
}

/** Levels with a weight that differs, in their order. */
export function changedLevels(
  tensors: readonly LevelTensor[],
  levels: readonly string[],
  before: Weights,
  after: Weights,
): string[] {
  const changed = new Set<string>();
  for (const { name, level } of tensors) {
    const [a, b] = [before.get(name)!, after.get(name)!];
    if (!changed.has(level) && a !== b && a.some((value, i) => value !== b[i])) changed.add(level);
  }
  return levels.filter(level => changed.has(level));
}
