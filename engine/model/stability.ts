import type { HopeConfig } from '../checkpoint/config.ts';
import { hasMemories } from '../checkpoint/systems.ts';
import { adaptiveOf, type TitansConfig } from '../checkpoint/titansConfig.ts';
import type { LevelStability } from '../protocol/model.ts';

/**
 * What a chunk of `chunk` tokens with the same key k, ‖k‖ = 1, multiplies M k − M* k by in a linear memory without
 * decay. With the erase term e and the gradient's factor w (2, 1, or 0 of a dot product, whose gradient does not depend
 * on M), each token gives x_t = (1 − e η) x_{t−1} − w η x_0, as gradients are those of the chunk's start:
 *
 *   x_C = ((1 − e η)^C − w η Σ_{i<C} (1 − e η)^i) x_0.
 *
 * For C = 1 that is 1 − (e + w) η: with all of the L2 loss |·| < 1 takes η < 2/3, with half of it η < 1.
 */
export function repeatedKeyFactor(
  { objective = 'l2', erase = true }: TitansConfig,
  eta: number,
  chunk: number,
): number {
  const kept = erase ? 1 - eta : 1;
  const gradient = { l2: 2, 'half-l2': 1, 'dot-product': 0 }[objective];
  const sum = erase && eta > 0 ? (1 - kept ** chunk) / eta : chunk;
  return kept ** chunk - gradient * eta * sum;
}

/**
 * The stability of a model's memories at their ceiling of η; heads that only sum up have factor 1, and are told of only
 * where there is no other. It is exact for linear memories without momentum, and what
 * a two-layer memory does on its way out of the small; there the ceiling of the gradient bounds a write besides.
 */
export function stabilityOf(config: HopeConfig): LevelStability[] {
  if (!hasMemories(config)) return [];
  const { titans, heads } = config;
  const summing = titans.summing_heads === heads;
  const of = (level: LevelStability['level'], period: number): LevelStability => {
    const factor = summing ? 1 : repeatedKeyFactor(titans, titans.eta_ceiling, period);
    return { level, factor, margin: 1 - Math.abs(factor) };
  };
  const memory = of('memory', titans.memory_period);
  if (adaptiveOf(titans).length === 0) return [memory];
  return [memory, of('projections', titans.projections_period)];
}
