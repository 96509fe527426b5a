/** Levels that share a gain, at most: all 2^K subsets are scored. */
export const MOST_PLAYERS = 12;

/** A game's value for every subset of K players; bit p of the index says whether player p takes part. */
export type SubsetValues = Float64Array;

/** What each player contributes to v(all) − v(none). */
export interface Contribution {
  /** Exact Shapley value; they add up to the gain. */
  readonly shapley: number;
  /** v(all) − v(all but this one) */
  readonly necessity: number;
  /** v(this one) − v(none) */
  readonly sufficiency: number;
  /** necessity − sufficiency */
  readonly interaction: number;
}

/**
 * Exact Shapley values, φ_p = Σ_{S ∌ p} |S|! (K − 1 − |S|)! / K! · (v(S ∪ p) − v(S)).
 * @param values 2^K of them @throws RangeError on another number
 */
export function contributions(values: SubsetValues): Contribution[] {
  const players = Math.log2(values.length);
  if (!Number.isInteger(players)) throw new RangeError(`${values.length} values are not one a subset`);
  const all = values.length - 1;
  const weight = weights(players);
  return Array.from({ length: players }, (_, p) => {
    const bit = 1 << p;
    let shapley = 0;
    for (let subset = 0; subset <= all; subset++) {
      if (subset & bit) continue;
      shapley += weight[size(subset)] * (values[subset | bit] - values[subset]);
    }
    const necessity = values[all] - values[all & ~bit];
    const sufficiency = values[bit] - values[0];
    return { shapley, necessity, sufficiency, interaction: necessity - sufficiency };
  });
}

/** |S|! (K − 1 − |S|)! / K! by |S|. */
function weights(players: number): number[] {
  const found: number[] = [];
  for (let s = 0, weight = 1 / players; s < players; s++) {
    found.push(weight);
    weight *= (s + 1) / (players - 1 - s);
  }
  return found;
}

function size(subset: number): number {
  let bits = 0;
  for (let rest = subset; rest; rest &= rest - 1) bits++;
  return bits;
}
