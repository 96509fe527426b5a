import { type HopeConfig, hiddenOf } from '../checkpoint/config.ts';
import { isLiteral } from '../checkpoint/kmConfig.ts';
import {
  hasConvolution,
  hasLearnedPositions,
  hasMemories,
  isModern,
  isPublicTransformer,
} from '../checkpoint/systems.ts';
import { adaptiveOf, memoryNames, type TitansConfig } from '../checkpoint/titansConfig.ts';
import { positionsOf } from '../checkpoint/transformerConfig.ts';
import type { LevelId } from '../protocol/level.ts';
import type { tf } from '../tensor/tf.ts';
import type { LevelWeights } from './continuumMemory.ts';
import type { NormWeights } from './layerNorm.ts';
import { mixerOf } from './mixer/index.ts';
import type { MixerWeights } from './mixer/mixer.ts';
import type { Memories } from './selfModifyingTitans.ts';

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
  /** Of what a block looks at; absent of a literal block, as is `output`, and of one with `outputNorm`. */
  readonly norm?: NormWeights;
  /** Of the residual stream after it has looked back. */
  readonly outputNorm?: NormWeights;
  /** [D, 1, K], where the system has a convolution */
  readonly convolution?: tf.Tensor3D;
  /** [D, D], where queries are static */
  readonly query?: tf.Tensor2D;
  /** Static projections in place of memories: k, v [D, D], η, α [H, D]. */
  readonly static: Readonly<Partial<Record<'k' | 'v' | 'eta' | 'alpha', tf.Tensor2D>>>;
  /** [D, D], mixes the heads back into the residual stream. */
  readonly output?: tf.Tensor2D;
  /** [D], of a GPT-2 */
  readonly outputBias?: tf.Tensor1D;
  /** Weights [H, O, D / H] and [H, D / H, D / H]; only where the system has memories */
  readonly memories?: Memories;
  /** Weights of another way to look back. */
  readonly mixer: MixerWeights;
  /** cms.0 first. */
  readonly cms: readonly LevelWeights[];
  /** What independent levels are summed with, [K]. */
  readonly mix?: tf.Tensor1D;
}

export interface HopeParameters {
  /** [V, D], also the head unless that has weights of its own. */
  readonly embed: tf.Tensor2D;
  /** [P, D], added to the embedding, where positions are learned. */
  readonly positions?: tf.Tensor2D;
  /** [V, D] */
  readonly head?: tf.Tensor2D;
  readonly blocks: readonly BlockParameters[];
  readonly norm: NormWeights;
}

/** Every parameter of a model, in the order of its file. */
export function parameterSpecs(config: HopeConfig): ParameterSpec[] {
  const blocks = Array.from({ length: config.blocks }, (_, block) => blockSpecs(config, block));
  const outer = { level: 'outer', block: -1 } as const;
  const { vocabulary, width, transformer } = config;
  const table = (module: string, rows: number): ParameterSpec => ({
    name: `${module}.weight`,
    shape: [rows, width],
    module,
    initial: normal(0.04),
    ...outer,
  });
  return [
    table('embed', vocabulary),
    ...(hasLearnedPositions(config) ? [table('positions', positionsOf(transformer))] : []),
    ...blocks.flat(),
    ...normSpecs('norm', width, { module: 'norm', ...outer }, isModern(config)),
    ...(transformer?.own_head ? [table('lm_head', vocabulary)] : []),
  ];
}

function blockSpecs(config: HopeConfig, block: number): ParameterSpec[] {
  const { width, heads } = config;
  const prefix = `blocks.${block}`;
  const outer = { level: 'outer', block } as const;
  // Keys have norm 1; values of about that norm keep the first inner updates small.
  const scale = hasMemories(config) ? 1 / Math.sqrt(width / heads) : 1;
  return [
    ...(isLiteral(config)
      ? []
      : normSpecs(`${prefix}.norm`, width, { module: 'norm', ...outer }, isModern(config), scale)),
    ...(hasMemories(config) ? titansSpecs(config, block) : mixerSpecs(config, block)),
    ...continuumSpecs(config, block),
  ];
}

function convolutionSpecs(config: HopeConfig, name: string, at: Place): ParameterSpec[] {
  if (!hasConvolution(config)) return [];
  return [{ name, shape: [config.width, 1, config.convolution], ...at, initial: { kind: 'lastTap' } }];
}

function titansSpecs(config: HopeConfig, block: number): ParameterSpec[] {
  const { width, heads, titans } = config;
  const inner = width / heads;
  const at = `blocks.${block}.selfmod`;
  const outer = { level: 'outer', block, module: 'selfmod' } as const;
  const adaptive = adaptiveOf(titans);
  const square = (name: string, rows = width): ParameterSpec => ({
    name: `${at}.${name}.weight`,
    shape: [rows, width],
    ...outer,
    initial: normal(1 / Math.sqrt(width)),
  });
  const memories = memoryNames(titans).flatMap((name): ParameterSpec[] => {
    const gate = (name === 'eta' || name === 'alpha') && titans.values !== 'shared';
    const place = { level: name === 'memory' ? 'memory' : 'projections', block, module: 'selfmod' } as const;
    const out = gate ? 1 : inner;
    if (titans.memory === 'linear') {
      const shape = [heads, out, inner];
      return [{ name: `${at}.m_${name}.w2`, shape, ...place, initial: normal(1 / Math.sqrt(inner)) }];
    }
    const skip = { name: `${at}.m_${name}.skip`, initial: { kind: 'zeros' } } as const;
    const w1 = { name: `${at}.m_${name}.w1`, shape: [heads, out, inner] };
    const w2 = { name: `${at}.m_${name}.w2`, shape: [heads, inner, inner] };
    return [
      { ...w1, ...place, initial: normal(0.5 / Math.sqrt(inner)) },
      { ...w2, ...place, initial: normal(1 / Math.sqrt(inner)) },
      ...(gate && titans.gate_skip ? [{ ...w1, ...place, ...skip }] : []),
    ];
  });
  return [
    ...convolutionSpecs(config, `${at}.local_conv.weight`, outer),
    ...(adaptive.includes('q') ? [] : [square('w_q')]),
    ...staticNames(titans).map(name => square(`w_${name}`, name === 'k' || name === 'v' ? width : heads)),
    ...memories,
    ...(isLiteral(config) ? [] : [square('w_o')]),
  ];
}

function mixerSpecs(config: HopeConfig, block: number): ParameterSpec[] {
  const { width, heads } = config;
  const at = `blocks.${block}.mixer`;
  const outer = { level: 'outer', block, module: 'mixer' } as const;
  const own = Object.entries(mixerOf(config).weights(width, heads)).map(
    ([name, shape]): ParameterSpec => ({
      name: mixerTensor(at, name),
      shape,
      ...outer,
      initial: shape.length === 1 ? vector(name) : normal(1 / Math.sqrt(width)),
    }),
  );
  const output = { name: `${at}.w_o.weight`, shape: [width, width], initial: normal(1 / Math.sqrt(width)) };
  const bias = { name: `${at}.w_o.bias`, shape: [width], initial: vector('bias') };
  return [
    ...convolutionSpecs(config, `${at}.local_conv.weight`, outer),
    ...own,
    { ...output, ...outer },
    ...(hasOutputBias(config) ? [{ ...bias, ...outer }] : []),
  ];
}

/** Weights of a mixer are called by their matrix alone, `w_q`, and its biases `w_q.bias`. */
function mixerTensor(at: string, name: string): string {
  return name.endsWith('.bias') ? `${at}.${name}` : `${at}.${name}.weight`;
}

/** Norms begin at 1, biases at 0. */
function vector(name: string): Initial {
  return name.endsWith('bias') ? { kind: 'zeros' } : { kind: 'constant', value: 1 };
}

function hasOutputBias(config: HopeConfig): boolean {
  return isPublicTransformer(config) && !isModern(config);
}

function continuumSpecs(config: HopeConfig, block: number): ParameterSpec[] {
  const { cms, width } = config;
  const hidden = hiddenOf(config);
  const levels = cms.periods.flatMap((_, k): ParameterSpec[] => {
    const at = { level: `cms.${k}`, block, module: 'cms' } as const;
    const name = `blocks.${block}.cms.${k}`;
    const narrow = normal(1 / Math.sqrt(width));
    const wide = normal(0.5 / Math.sqrt(hidden * config.blocks * cms.periods.length));
    if (isModern(config)) {
      return [
        ...normSpecs(`${name}.norm`, width, at, true),
        { name: `${name}.gate.weight`, shape: [hidden, width], ...at, initial: narrow },
        { name: `${name}.expand.weight`, shape: [hidden, width], ...at, initial: narrow },
        { name: `${name}.contract.weight`, shape: [width, hidden], ...at, initial: wide },
      ];
    }
    return [
      ...normSpecs(`${name}.norm`, width, at, false),
      { name: `${name}.expand.weight`, shape: [hidden, width], ...at, initial: narrow },
      { name: `${name}.expand.bias`, shape: [hidden], ...at, initial: { kind: 'zeros' } },
      { name: `${name}.contract.weight`, shape: [width, hidden], ...at, initial: wide },
      { name: `${name}.contract.bias`, shape: [width], ...at, initial: { kind: 'zeros' } },
    ];
  });
  if (cms.form !== 'independent') return levels;
  const { length } = cms.periods;
  const mix: ParameterSpec = {
    name: `blocks.${block}.cms.mix.weight`,
    shape: [length],
    level: 'outer',
    block,
    module: 'cms',
    initial: { kind: 'constant', value: 1 / length },
  };
  return [...levels, mix];
}

type Place = Pick<ParameterSpec, 'level' | 'block' | 'module'>;

/** @param root whether it is an RMSNorm, which has no bias */
function normSpecs(name: string, width: number, at: Place, root: boolean, value = 1): ParameterSpec[] {
  const weight: ParameterSpec = {
    name: `${name}.weight`,
    shape: [width],
    ...at,
    initial: { kind: 'constant', value },
  };
  const bias: ParameterSpec = { name: `${name}.bias`, shape: [width], ...at, initial: { kind: 'zeros' } };
  return root ? [weight] : [weight, bias];
}

function normal(scale: number): Initial {
  return { kind: 'normal', scale };
}

/** What is generated by a static projection other than the query's. */
function staticNames(titans: TitansConfig): ('k' | 'v' | 'eta' | 'alpha')[] {
  const adaptive = adaptiveOf(titans);
  return (['k', 'v', 'eta', 'alpha'] as const).filter(
    name => !adaptive.includes(name) && !(name === 'alpha' && titans.retention === false),
  );
}

/** The model's parameters as one tree, each taken by its name. */
export function bindParameters(config: HopeConfig, take: (name: string) => tf.Tensor): HopeParameters {
  const modern = isModern(config);
  const { transformer } = config;
  const norm = (name: string): NormWeights => ({
    weight: take(`${name}.weight`) as tf.Tensor1D,
    ...(!modern && { bias: take(`${name}.bias`) as tf.Tensor1D }),
    ...(transformer?.epsilon !== undefined && { epsilon: transformer.epsilon }),
  });
  const matrix = (name: string) => take(`${name}.weight`) as tf.Tensor2D;
  const level = (at: string): LevelWeights => ({
    norm: norm(`${at}.norm`),
    expand: matrix(`${at}.expand`),
    contract: matrix(`${at}.contract`),
    ...(modern
      ? { gate: matrix(`${at}.gate`) }
      : {
          expandBias: take(`${at}.expand.bias`) as tf.Tensor1D,
          contractBias: take(`${at}.contract.bias`) as tf.Tensor1D,
          ...(isPublicTransformer(config) && { byTanh: true }),
        }),
  });
  const blocks = Array.from({ length: config.blocks }, (_, block): BlockParameters => {
    const prefix = `blocks.${block}`;
    const at = `${prefix}.${hasMemories(config) ? 'selfmod' : 'mixer'}`;
    return {
      ...(!isLiteral(config) && {
        [config.norm === 'post' ? 'outputNorm' : 'norm']: norm(`${prefix}.norm`),
        output: matrix(`${at}.w_o`),
      }),
      ...(hasOutputBias(config) && { outputBias: take(`${at}.w_o.bias`) as tf.Tensor1D }),
      ...(hasConvolution(config) && { convolution: take(`${at}.local_conv.weight`) as tf.Tensor3D }),
      ...(hasMemories(config)
        ? bindTitans(config.titans, at, take)
        : { static: {}, mixer: bindMixer(config, at, take) }),
      cms: config.cms.periods.map((_, k) => level(`${prefix}.cms.${k}`)),
      ...(config.cms.form === 'independent' && { mix: take(`${prefix}.cms.mix.weight`) as tf.Tensor1D }),
    };
  });
  return {
    embed: matrix('embed'),
    ...(hasLearnedPositions(config) && { positions: matrix('positions') }),
    blocks,
    norm: norm('norm'),
    ...(transformer?.own_head && { head: matrix('lm_head') }),
  };
}

function bindTitans(
  titans: TitansConfig,
  at: string,
  take: (name: string) => tf.Tensor,
): Pick<BlockParameters, 'query' | 'static' | 'memories' | 'mixer'> {
  const matrix = (name: string) => take(`${at}.w_${name}.weight`) as tf.Tensor2D;
  const memories = memoryNames(titans).map(name => {
    const part = (which: string) => take(`${at}.m_${name}.${which}`) as tf.Tensor3D;
    if (titans.memory === 'linear') return [name, { w2: part('w2') }] as const;
    const skips = titans.gate_skip && (name === 'eta' || name === 'alpha');
    return [name, { w1: part('w1'), w2: part('w2'), ...(skips && { skip: part('skip') }) }] as const;
  });
  return {
    ...(!adaptiveOf(titans).includes('q') && { query: matrix('q') }),
    static: Object.fromEntries(staticNames(titans).map(name => [name, matrix(name)])),
    memories: Object.fromEntries(memories) as Memories,
    mixer: {},
  };
}

function bindMixer(config: HopeConfig, at: string, take: (name: string) => tf.Tensor): MixerWeights {
  const names = Object.keys(mixerOf(config).weights(config.width, config.heads));
  return Object.fromEntries(names.map(name => [name, take(mixerTensor(at, name))]));
}
