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
  /**
   * Scores of mixes: bit p of a mask takes the tensors of level p from `after`, all others are those of `before`.
   * The masks given at once are few enough for a fraction of a second.
   */
  scoreMixes(
    before: Weights,
    after: Weights,
    levels: readonly string[],
    masks: readonly number[],
  ): Float64Array;
  /** Masks that `scoreMixes` may be given at once. */
  readonly mixes: number;
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
