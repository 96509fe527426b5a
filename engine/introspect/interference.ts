import type { Interference } from '../protocol/forgetting.ts';
import { innerProduct } from './pathAttribution.ts';
import { changedLevels, type LevelTensor, type Scorer, type Weights } from './scorer.ts';

/**
 * What a change does to a fact it was not about: predicted to first order by ⟨∇P(θ⁰), Δ⟩ a level, P the mean
 * log-probability, and measured as P(θ¹) − P(θ⁰). Negative is damage.
 */
export function interference(
  scorer: Scorer,
  tensors: readonly LevelTensor[],
  levels: readonly string[],
  before: Weights,
  after: Weights,
): Interference {
  const moving = new Set(changedLevels(tensors, levels, before, after));
  const own = tensors.filter(({ level }) => moving.has(level));
  const gradient = moving.size
    ? scorer.gradient(
        before,
        own.map(({ name }) => name),
      )
    : new Map<string, Float32Array>();
  const predicted = levels.map(level =>
    own
      .filter(tensor => tensor.level === level)
      .reduce(
        (sum, { name }) => sum + innerProduct(gradient.get(name)!, before.get(name)!, after.get(name)!),
        0,
      ),
  );
  return { predicted, measured: scorer.score(after) - scorer.score(before) };
}
