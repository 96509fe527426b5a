import { gaussLegendre } from './quadrature.ts';
import type { LevelTensor, Scorer, Weights } from './scorer.ts';

/** Σ w_s ⟨∇P(θ⁰ + sΔ), Δ⟩ a tensor: its share of the gain along the straight path (integrated gradients). */
export async function pathAttribution(
  scorer: Scorer,
  tensors: readonly LevelTensor[],
  before: Weights,
  after: Weights,
  points: number,
  step: () => Promise<void>,
): Promise<Map<string, number>> {
  const names = tensors.map(({ name }) => name);
  const total = new Map(names.map(name => [name, 0]));
  for (const { at, weight } of gaussLegendre(points)) {
    const between = new Map(before);
    for (const name of names) {
      const [a, b] = [before.get(name)!, after.get(name)!];
      between.set(
        name,
        a.map((value, i) => value + at * (b[i] - value)),
      );
    }
    const gradient = scorer.gradient(between, names);
    for (const name of names) {
      const share = innerProduct(gradient.get(name)!, before.get(name)!, after.get(name)!);
      total.set(name, total.get(name)! + weight * share);
    }
    await step();
  }
  return total;
}

/** ⟨g, b − a⟩ in float64. */
export function innerProduct(g: Float32Array, a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < g.length; i++) sum += g[i] * (b[i] - a[i]);
  return sum;
}
