import type { Scorer, Weights } from '../../engine/introspect/scorer.ts';

/** What one tensor adds to a toy's score, with its gradient. */
export interface ToyTerm {
  value(weights: Float32Array): number;
  gradient(weights: Float32Array): Float32Array;
}

/** A score that is a sum of terms, one a tensor: additive in levels, so that every Shapley value is known. */
export class AdditiveScorer implements Scorer {
  readonly atOnce = 4;
  scored = 0;

  constructor(
    private readonly terms: ReadonlyMap<string, ToyTerm>,
    private readonly offset = -5,
  ) {}

  score(weights: Weights): number {
    this.scored++;
    return [...this.terms].reduce((sum, [name, term]) => sum + term.value(weights.get(name)!), this.offset);
  }

  gradient(weights: Weights, names: readonly string[]): Map<string, Float32Array> {
    return new Map(names.map(name => [name, this.terms.get(name)!.gradient(weights.get(name)!)]));
  }

  scoreAll(weights: readonly Weights[]): Float64Array {
    return Float64Array.from(weights, each => this.score(each));
  }
}

/** ⟨x, w⟩ */
export function linearTerm(x: Float32Array): ToyTerm {
  return { value: w => dot(x, w), gradient: () => x };
}

/** s · tanh ⟨x, w⟩: far from a line, so that the points of a path matter. */
export function bentTerm(x: Float32Array, s: number): ToyTerm {
  return {
    value: w => s * Math.tanh(dot(x, w)),
    gradient: w => x.map(value => s * (1 - Math.tanh(dot(x, w)) ** 2) * value),
  };
}

export function dot(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, i) => sum + value * b[i], 0);
}
