import type { HopeConfig } from '../../engine/checkpoint/config.ts';
import { BaseModel } from '../../engine/model/baseModel.ts';
import { parameterSpecs } from '../../engine/model/parameters.ts';
import { Random } from '../../engine/tensor/random.ts';
import { Reference } from './reference.ts';
import type { Vector } from './referenceMath.ts';

export const END_OF_TEXT = 0;

/** What tests vary of a small model; the gates are wide open, so that writes are large. */
export interface SmallShape {
  readonly width?: number;
  readonly heads?: number;
  readonly convolution?: number;
  readonly memory?: number;
  readonly projections?: number;
  readonly cms?: readonly number[];
  readonly titans?: Partial<HopeConfig['titans']>;
  /** Of the continuum memory system, beside its periods. */
  readonly levels?: Partial<HopeConfig['cms']>;
  readonly blocks?: number;
  readonly system?: HopeConfig['system'];
  readonly transformer?: HopeConfig['transformer'];
}

export function smallConfig(shape: SmallShape = {}): HopeConfig {
  const { width = 8, heads = 2, convolution = 4, memory = 2, projections = 4, cms = [4, 8, 16] } = shape;
  const { blocks = 2, system, levels } = shape;
  return {
    model_type: 'hope',
    format: 1,
    name: 'small',
    ...(system && { system }),
    vocabulary: 20,
    width,
    blocks,
    heads,
    convolution,
    titans: {
      memory_period: memory,
      projections_period: projections,
      eta_scale: 1,
      eta_bias: -2.05,
      eta_ceiling: 0.12,
      gradient_ceiling: 1,
      alpha_bias: 3,
      qk_norm: true,
      ...shape.titans,
    },
    cms: { periods: cms, hidden_multiplier: 0.5, ...levels },
    ...(shape.transformer && { transformer: shape.transformer }),
    learning_rates: {},
  };
}

/** Weights in which no part of the model is idle: biases are not 0, norms not 1, the head is far from uniform. */
export function smallWeights(config: HopeConfig, seed = 1) {
  const random = new Random(seed);
  return new Map(
    parameterSpecs(config).map(({ name, shape }) => {
      const size = shape.reduce((product, extent) => product * extent, 1);
      const isNorm = /norm\.weight$/.test(name);
      const scale =
        shape.length === 1 ? 0.3 : name === 'embed.weight' ? 0.7 : 1 / Math.sqrt(shape.at(-1) ?? 1);
      const data = Float32Array.from({ length: size }, () => (isNorm ? 1 : 0) + scale * random.normal());
      return [name, { shape, data }];
    }),
  );
}

/** The engine's model and the reference with the same weights. */
export function smallModels(config: HopeConfig, seed = 1): { base: BaseModel; reference: Reference } {
  const weights = smallWeights(config, seed);
  return { base: new BaseModel(config, weights, 'small'), reference: referenceOf(config, weights) };
}

export function referenceOf(
  config: HopeConfig,
  weights: ReadonlyMap<string, { readonly data: Float32Array }>,
): Reference {
  const wide = new Map([...weights].map(([name, { data }]) => [name, Float64Array.from(data)]));
  return new Reference(config, wide, END_OF_TEXT);
}

/** Token ids that repeat themselves now and then. */
export function smallText(tokens: number, seed = 7): Vector {
  const random = new Random(seed);
  const ids: number[] = [];
  while (ids.length < tokens) {
    if (ids.length > 8 && random.uniform() < 0.3) ids.push(...ids.slice(2, 5));
    else ids.push(1 + random.below(19));
  }
  return ids.slice(0, tokens);
}
