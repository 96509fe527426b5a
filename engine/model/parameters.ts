import type { HopeConfig } from '../checkpoint/config.ts';
import type { LevelId } from '../protocol/level.ts';
import type { tf } from '../tensor/tf.ts';
import type { ContinuumWeights } from './continuumMemory.ts';
import type { NormWeights } from './layerNorm.ts';
import type { Memories, MemoryName } from './selfModifyingTitans.ts';

/** How a fresh parameter is filled; `scale` is the standard deviation of `normal`. */
export type Initial =
  | { readonly kind: 'zeros' }
  | { readonly kind: 'constant'; readonly value: number }
  | { readonly kind: 'normal'; readonly scale: number }
  | { readonly kind: 'lastTap' };

/** One tensor of the model under its name in `model.safetensors`. */
export interface ParameterSpec {
  readonly name: string;
  readonly shape: readonly number[];
  readonly level: LevelId;
  /** −1 outside the blocks. */
  readonly block: number;
  readonly module: string;
  readonly initial: Initial;
}

export interface BlockParameters {
  readonly norm: NormWeights;
  /** [D, 1, K] */
  readonly convolution: tf.Tensor3D;
  /** [D, D] */
  readonly query: tf.Tensor2D;
  /** [D, D], mixes the heads back into the residual stream. */
  readonly output: tf.Tensor2D;
  /** Weights [H, O, D / H] and [H, D / H, D / H]. */
  readonly memories: Memories;
  /** cms.0 first. */
  readonly cms: readonly ContinuumWeights[];
}

export interface HopeParameters {
  /** [V, D], also the head. */
  readonly embed: tf.Tensor2D;
  readonly blocks: readonly BlockParameters[];
  readonly norm: NormWeights;
}

const MEMORY_NAMES: readonly MemoryName[] = ['k', 'v', 'eta', 'alpha', 'memory'];

/** Every parameter of a model, in the order of its file. */
export function parameterSpecs(config: HopeConfig): ParameterSpec[] {
  const blocks = Array.from({ length: config.blocks }, (_, block) => blockSpecs(config, block));
  const outer = { level: 'outer', block: -1 } as const;
  const { vocabulary, width } = config;
  return [
    { name: 'embed.weight', shape: [vocabulary, width], module: 'embed', initial: normal(0.04), ...outer },
    ...blocks.flat(),
    ...normSpecs('norm', width, { module: 'norm', ...outer }),
  ];
}

function blockSpecs(config: HopeConfig, block: number): ParameterSpec[] {
  const { width, heads, convolution, cms } = config;
  const inner = width / heads;
  const hidden = width * cms.hidden_multiplier;
  const prefix = `blocks.${block}`;
  const outer = { level: 'outer', block } as const;
  const selfmod = { module: 'selfmod', ...outer } as const;
  const memories = MEMORY_NAMES.flatMap((name): ParameterSpec[] => {
    const gate = name === 'eta' || name === 'alpha';
    const level = name === 'memory' ? 'memory' : 'projections';
    const at = { level, block, module: 'selfmod' } as const;
    const w1 = { name: `${prefix}.selfmod.m_${name}.w1`, shape: [heads, gate ? 1 : inner, inner] };
    const w2 = { name: `${prefix}.selfmod.m_${name}.w2`, shape: [heads, inner, inner] };
    return [
      { ...w1, ...at, initial: normal(0.5 / Math.sqrt(inner)) },
      { ...w2, ...at, initial: normal(1 / Math.sqrt(inner)) },
    ];
  });
  const levels = cms.periods.flatMap((_, k): ParameterSpec[] => {
    const at = { level: `cms.${k}`, block, module: 'cms' } as const;
    const name = `${prefix}.cms.${k}`;
    return [
      ...normSpecs(`${name}.norm`, width, at),
      { name: `${name}.expand.weight`, shape: [hidden, width], ...at, initial: normal(1 / Math.sqrt(width)) },
      { name: `${name}.expand.bias`, shape: [hidden], ...at, initial: { kind: 'zeros' } },
      {
        name: `${name}.contract.weight`,
        shape: [width, hidden],
        ...at,
        initial: normal(0.5 / Math.sqrt(hidden * config.blocks * cms.periods.length)),
      },
      { name: `${name}.contract.bias`, shape: [width], ...at, initial: { kind: 'zeros' } },
    ];
  });
  return [
    // Keys have norm 1; values of about that norm keep the first inner updates small.
    ...normSpecs(`${prefix}.norm`, width, { module: 'norm', ...outer }, 1 / Math.sqrt(inner)),
    {
      name: `${prefix}.selfmod.local_conv.weight`,
      shape: [width, 1, convolution],
      ...selfmod,
      initial: { kind: 'lastTap' },
    },
    {
      name: `${prefix}.selfmod.w_q.weight`,
      shape: [width, width],
      ...selfmod,
      initial: normal(1 / Math.sqrt(width)),
    },
    ...memories,
    {
      name: `${prefix}.selfmod.w_o.weight`,
      shape: [width, width],
      ...selfmod,
      initial: normal(1 / Math.sqrt(width)),
    },
    ...levels,
  ];
}

function normSpecs(
  name: string,
  width: number,
  at: Pick<ParameterSpec, 'level' | 'block' | 'module'>,
  value = 1,
): ParameterSpec[] {
  return [
    { name: `${name}.weight`, shape: [width], ...at, initial: { kind: 'constant', value } },
    { name: `${name}.bias`, shape: [width], ...at, initial: { kind: 'zeros' } },
  ];
}

function normal(scale: number): Initial {
  return { kind: 'normal', scale };
}

/** The model's parameters as one tree, each taken by its name. */
export function bindParameters(config: HopeConfig, take: (name: string) => tf.Tensor): HopeParameters {
  const norm = (name: string): NormWeights => ({
    weight: take(`${name}.weight`) as tf.Tensor1D,
    bias: take(`${name}.bias`) as tf.Tensor1D,
  });
  const blocks = Array.from({ length: config.blocks }, (_, block): BlockParameters => {
    const prefix = `blocks.${block}`;
    const memories = MEMORY_NAMES.map(name => {
      const at = `${prefix}.selfmod.m_${name}`;
      return [name, { w1: take(`${at}.w1`) as tf.Tensor3D, w2: take(`${at}.w2`) as tf.Tensor3D }] as const;
    });
    return {
      norm: norm(`${prefix}.norm`),
      convolution: take(`${prefix}.selfmod.local_conv.weight`) as tf.Tensor3D,
      query: take(`${prefix}.selfmod.w_q.weight`) as tf.Tensor2D,
      output: take(`${prefix}.selfmod.w_o.weight`) as tf.Tensor2D,
      memories: Object.fromEntries(memories) as Memories,
      cms: config.cms.periods.map((_, k) => ({
        norm: norm(`${prefix}.cms.${k}.norm`),
        expand: take(`${prefix}.cms.${k}.expand.weight`) as tf.Tensor2D,
        expandBias: take(`${prefix}.cms.${k}.expand.bias`) as tf.Tensor1D,
        contract: take(`${prefix}.cms.${k}.contract.weight`) as tf.Tensor2D,
        contractBias: take(`${prefix}.cms.${k}.contract.bias`) as tf.Tensor1D,
      })),
    };
  });
  return { embed: take('embed.weight') as tf.Tensor2D, blocks, norm: norm('norm') };
}
