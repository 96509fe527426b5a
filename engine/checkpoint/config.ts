import type { LevelInfo } from '../protocol/level.ts';
import { type AttentionConfig, parseAttention } from './attentionConfig.ts';
import { type ContinuumConfig, parseContinuum } from './continuumConfig.ts';
import { FieldReader } from './fieldReader.ts';
import { isLiteral, KM_SYSTEMS, type KmConfig, parseKm } from './kmConfig.ts';
import {
  hasAttention,
  hasConvolution,
  hasMemories,
  hasRotaryPositions,
  isPublicTransformer,
  parseSystem,
  type SystemName,
  systemOf,
} from './systems.ts';
import { adaptiveOf, NO_TITANS, parseTitans, present, type TitansConfig } from './titansConfig.ts';
import { parseTransformer, type TransformerConfig } from './transformerConfig.ts';

/** How a Hope language model is built: `config.json` of a model folder. Widths and periods in tokens. */
export interface HopeConfig extends AttentionConfig {
  readonly model_type: 'hope';
  readonly format: 1;
  readonly name: string;
  /** What its blocks are; 'hope' where absent. */
  readonly system?: SystemName;
  /**
   * 'km' for blocks as the public PyTorch re-implementation builds them: in Hope what the memories read takes the place
   * of the residual stream, without a norm before it or a matrix after it; in Hope-Attention the norm comes after it.
   */
  readonly mode?: 'km';
  /** Which of its deviations from the paper a model of mode km has; none where absent. */
  readonly km?: KmConfig;
  readonly vocabulary: number;
  /** Width D of the residual stream, a multiple of `heads`. */
  readonly width: number;
  readonly blocks: number;
  /** Memories a block; each sees D / heads channels. */
  readonly heads: number;
  /** Taps of the local convolution in front of the memories; the last tap is the current token. */
  readonly convolution: number;
  /** Not read of a system without such memories. */
  readonly titans: TitansConfig;
  readonly cms: ContinuumConfig;
  /** Tokens that softmax attention looks back at most; 1024 where absent. */
  readonly window?: number;
  /** Of a Llama or GPT-2. */
  readonly transformer?: TransformerConfig;
  /** Online learning rates a level used when the settings name none. */
  readonly learning_rates: Readonly<Record<string, number>>;
}

// Far beyond any real model; they keep sizes that a file only claims inside exact integers.
const most = {
  vocabulary: 2 ** 24,
  width: 2 ** 16,
  blocks: 1024,
  convolution: 64,
  period: 2 ** 30,
  levels: 64,
};

/**
 * Checks the contents of a `config.json`; fields it does not know are ignored. Throws `CheckpointError` naming
 * the first wrong field, the value found and what is allowed.
 * @param path The file, for the error messages.
 */
export function parseConfig(json: unknown, path: string): HopeConfig {
  const fields = new FieldReader(json, path);
  const system = parseSystem(fields);
  const mode = fields.choice('mode', ['km'] as const);
  if (mode && system && !KM_SYSTEMS.includes(system)) {
    throw fields.faultOf('mode', `left out: ${system} has none`);
  }
  const km = fields.optional('km', name => parseKm(fields.object(name), hasMemories({ system })));
  if (km && !mode) throw fields.faultOf('km', 'left out: only mode km has such defects');
  const window = fields.optional('window', name => fields.integer(name, 1, most.period));
  const config: HopeConfig = {
    model_type: fields.constant('model_type', 'hope'),
    format: fields.constant('format', 1),
    name: fields.text('name', 200),
    ...(system && { system }),
    ...(mode && { mode }),
    ...(km && { km }),
    vocabulary: fields.integer('vocabulary', 1, most.vocabulary),
    width: fields.integer('width', 1, most.width),
    blocks: fields.integer('blocks', 1, most.blocks),
    heads: fields.integer('heads', 1, most.width),
    convolution: fields.integer('convolution', 1, most.convolution),
    titans: hasMemories({ system })
      ? parseTitans(fields.object('titans'), most.period, fields.integer('heads', 1, most.width), system)
      : NO_TITANS,
    cms: parseContinuum(fields.object('cms'), most, system),
    ...parseAttention(fields, system, mode),
    ...(window !== undefined && { window }),
    ...present({ transformer: parsePublic(fields, system) }),
    learning_rates: {},
  };
  if (config.width % config.heads !== 0) {
    throw fields.faultOf('width', `a multiple of heads (${config.heads})`);
  }
  if (hasRotaryPositions(config) && (config.width / config.heads) % 2 !== 0) {
    throw fields.faultOf('width', `an even number of channels a head (${config.heads}) in ${config.system}`);
  }
  if (config.window !== undefined && !hasAttention(config)) {
    throw fields.faultOf('window', `left out: ${systemOf(config)} has no softmax attention`);
  }
  if (isLiteral(config) && config.heads !== 1) throw fields.faultOf('heads', '1 in mode km');
  if (config.convolution > 1 && !hasConvolution(config)) {
    throw fields.faultOf('convolution', `1: ${config.system} has none`);
  }
  const hidden = config.cms.hidden_multiplier * config.width;
  // Another model's hidden width divided by its width may not multiply back to the last bit.
  if (Math.abs(hidden - Math.round(hidden)) > 1e-6) {
    throw fields
      .object('cms')
      .faultOf('hidden_multiplier', `such that times width (${config.width}) it is a whole number`);
  }
  const ids = levelsOf(config).map(level => level.id);
  return { ...config, learning_rates: parseRates(fields.object('learning_rates'), ids) };
}

function parsePublic(fields: FieldReader, system: SystemName | undefined): TransformerConfig | undefined {
  if (fields.value('transformer') === undefined) return undefined;
  if (!system || !isPublicTransformer({ system })) {
    throw fields.faultOf('transformer', 'left out: only llama and gpt-2 have it');
  }
  const heads = fields.integer('heads', 1, most.width);
  const width = fields.integer('width', 1, most.width);
  return parseTransformer(fields.object('transformer'), heads, width / heads, system);
}

/** Hidden width of a CMS block. */
export function hiddenOf({ cms, width }: HopeConfig): number {
  return Math.round(width * cms.hidden_multiplier);
}

/** The levels of a model, fast to slow; `outer` last with period 0. */
export function levelsOf(config: HopeConfig): LevelInfo[] {
  return [
    ...memoryLevels(config),
    ...config.cms.periods.map((period, level): LevelInfo => ({ id: `cms.${level}`, period })),
    { id: 'outer', period: 0 },
  ];
}

/** Levels with an inner loss of their own; where all projections are static they are no level. */
function memoryLevels(config: HopeConfig): LevelInfo[] {
  if (!hasMemories(config)) return [];
  const { titans } = config;
  const memory: LevelInfo = { id: 'memory', period: titans.memory_period };
  if (adaptiveOf(titans).length === 0) return [memory];
  return [memory, { id: 'projections', period: titans.projections_period }];
}

/** Smallest step of online training in tokens: the gcd of all periods, so that every level fires at a tick. */
export function tickOf(config: HopeConfig): number {
  return levelsOf(config).reduce((tick, level) => gcd(tick, level.period), 0);
}

function parseRates(fields: FieldReader, levels: readonly string[]): Record<string, number> {
  for (const name of fields.names) {
    if (!levels.includes(name)) throw fields.faultOf(name, `left out: the levels are ${levels.join(', ')}`);
  }
  return Object.fromEntries(fields.names.map(name => [name, fields.number(name, 0)]));
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}
