import { type HopeConfig, parseConfig } from '../../engine/checkpoint/config.ts';
import { FORMS } from '../../engine/checkpoint/continuumConfig.ts';
import { DEFAULTS, LEVEL_OPTIMIZERS } from '../../engine/checkpoint/levelOptimizer.ts';
import { hasContinuum, hasConvolution, hasMemories, SYSTEMS } from '../../engine/checkpoint/systems.ts';
import { GENERATED, OBJECTIVES } from '../../engine/checkpoint/titansConfig.ts';
import type { Random } from '../../engine/tensor/random.ts';

/** A small configuration that a file could hold, drawn from all that can be chosen. */
export function drawnConfig(random: Random): HopeConfig {
  const one = <T>(choices: readonly T[]): T => choices[random.below(choices.length)];
  const maybe = <T extends object>(fields: () => T): T | object => (random.uniform() < 0.5 ? fields() : {});
  const system = random.uniform() < 0.5 ? 'hope' : one(SYSTEMS);
  const heads = one([1, 2, 3]);
  const levels = hasContinuum({ system }) ? one([1, 2, 3]) : 1;
  const form = one(FORMS);
  const periods = [one([1, 2, 3])];
  while (periods.length < levels) {
    periods.push(form === 'nested' ? periods.at(-1)! * one([2, 3]) : periods.at(-1)! + one([1, 2, 5]));
  }
  const optimizers = periods.map(() => {
    const kind = one(LEVEL_OPTIMIZERS);
    return { kind, ...DEFAULTS[kind] };
  });
  const momentum = () => ({ momentum: one([0, 0.5, 0.9]) });
  const adaptive = system === 'titans' ? [] : GENERATED.filter(() => random.uniform() < 0.7);
  const config = {
    model_type: 'hope',
    format: 1,
    name: 'drawn',
    system,
    vocabulary: 20,
    width: heads * one([2, 4, 6]),
    blocks: one([1, 2]),
    heads,
    convolution: hasConvolution({ system }) ? one([1, 2, 4]) : 1,
    titans: {
      memory_period: one([1, 2, 3, 4]),
      projections_period: one([1, 2, 3, 6]),
      eta_scale: 1,
      eta_bias: one([-4, -2]),
      eta_ceiling: one([0.1, 0.6]),
      gradient_ceiling: 1,
      alpha_bias: one([2, 5]),
      qk_norm: true,
      adaptive,
      values: system === 'titans' ? 'shared' : one(['self', 'shared']),
      ...maybe(() => ({ objective: one(OBJECTIVES) })),
      ...maybe(() => ({ memory: one(['mlp', 'linear']) })),
      ...maybe(momentum),
      ...maybe(() => ({ erase: one([true, false]) })),
      ...maybe(() => ({ summing_heads: random.below(heads + 1) })),
      ...(!adaptive.includes('alpha') && maybe(() => ({ retention: false }))),
    },
    cms: {
      periods,
      hidden_multiplier: one([0.5, 1, 2]),
      form,
      ...(form !== 'independent' && maybe(() => ({ order: one(['fast-first', 'slow-first']) }))),
      ...maybe(() => ({ optimizers })),
    },
    learning_rates: {},
  };
  if (!hasMemories({ system })) return parseConfig({ ...config, titans: undefined }, 'drawn');
  return parseConfig(config, 'drawn');
}
