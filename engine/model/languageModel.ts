import type { HopeConfig } from '../checkpoint/config.ts';
import { hasDefect } from '../checkpoint/kmConfig.ts';
import { hasLearnedPositions, hasMemories, isPublicTransformer } from '../checkpoint/systems.ts';
import { positionsOf } from '../checkpoint/transformerConfig.ts';
import { crossEntropy } from '../tensor/crossEntropy.ts';
import { tf } from '../tensor/tf.ts';
import { mergeHeads } from './heads.ts';
import { blockInputs, blockOutput, blockView } from './hopeBlock.ts';
import { layerNorm } from './layerNorm.ts';
import { type ConvolutionTail, tokensSinceStart } from './localConvolution.ts';
import { type MemoryWeights, mapMemory } from './memoryMlp.ts';
import { mixerOf } from './mixer/index.ts';
import type { MixerState } from './mixer/mixer.ts';
import type { BlockParameters, HopeParameters } from './parameters.ts';
import { type Memories, selfModify, type TitansOptions, type TitansState } from './selfModifyingTitans.ts';

/** What one block carries from token to token: memories, or the state of another way to look back. */
export interface BlockState {
  readonly titans?: TitansState;
  readonly mixer?: MixerState;
  readonly tail: ConvolutionTail;
}

/** What a batch of B sequences carries from token to token. */
export interface ReadingState {
  readonly blocks: readonly BlockState[];
  /** Distance of each row's last token from the start of its document, [B]. */
  readonly sinceStart: Int32Array;
}

export function titansOptions(config: HopeConfig): TitansOptions {
  const { titans, heads } = config;
  const { summing_heads: summing = 0 } = titans;
  return {
    memoryPeriod: titans.memory_period,
    projectionsPeriod: titans.projections_period,
    etaScale: titans.eta_scale,
    etaBias: titans.eta_bias,
    etaCeiling: titans.eta_ceiling,
    gradientCeiling: titans.gradient_ceiling,
    alphaBias: hasDefect(config, 'unbiased-retention') ? 0 : titans.alpha_bias,
    qkNorm: titans.qk_norm && !hasDefect(config, 'unnormalised-keys'),
    objective: titans.objective,
    sharedValues: titans.values === 'shared',
    momentum: titans.momentum,
    erase: titans.erase,
    sums: summing ? Array.from({ length: heads }, (_, head) => head >= heads - summing) : undefined,
    retention: titans.retention,
  };
}

/** Tokens that softmax attention looks back at most; no more than there are learned positions. */
export function windowOf(config: HopeConfig): number {
  const { window = 1024 } = config;
  return hasLearnedPositions(config) ? Math.min(window, positionsOf(config.transformer)) : window;
}

/** The state before the first token: memories at M□,0, nothing looked at, [B] rows. */
export function startReading(parameters: HopeParameters, config: HopeConfig, batch: number): ReadingState {
  const blocks = parameters.blocks.map((block): BlockState => {
    const tail = emptyTail(config, batch);
    if (block.memories) return { titans: startTitans(block.memories, config, batch), tail };
    return { mixer: mixerOf(config).start(config.width, config.heads, batch), tail };
  });
  return { blocks, sinceStart: new Int32Array(batch).fill(beforeStart(config)) };
}

/**
 * Distance of what is before the first token from the start of a document: far enough that an empty convolution window
 * stands for it, or none, where a first token is at position 0.
 */
export function beforeStart(config: HopeConfig): number {
  return isPublicTransformer(config) ? -1 : config.convolution;
}

function startTitans(memories: Memories, { titans }: HopeConfig, batch: number): TitansState {
  const spread = (w: tf.Tensor3D) => (batch === 1 ? tf.clone(w) : tf.tile(w, [batch, 1, 1]));
  const started = mapMemories(memories, memory => mapMemory(memory, spread));
  if (!titans.momentum) return { memories: started };
  return {
    memories: started,
    momenta: mapMemories(started, memory => mapMemory(memory, w => tf.zeros(w.shape))),
  };
}

/** The same memories, each replaced. */
export function mapMemories(
  memories: Memories,
  map: (memory: MemoryWeights, name: keyof Memories) => MemoryWeights,
): Memories {
  const entries = Object.entries(memories) as [keyof Memories, MemoryWeights][];
  return Object.fromEntries(entries.map(([name, memory]) => [name, map(memory, name)])) as Memories;
}

export function emptyTail(config: HopeConfig, batch: number): ConvolutionTail {
  return tf.zeros([batch, config.convolution - 1, config.width]);
}

/**
 * Reads T tokens a row, writing the memories of the state as it goes, and returns the normed residual stream.
 * @param ids [B × T] row-major @returns hidden [B × T, D]
 */
export function readSequence(
  parameters: HopeParameters,
  config: HopeConfig,
  ids: Int32Array,
  endOfText: number,
  state: ReadingState,
): { hidden: tf.Tensor2D; state: ReadingState } {
  const batch = state.sinceStart.length;
  const carried = state.sinceStart.slice();
  const sinceStart = tokensSinceStart(ids, ids.length / batch, endOfText, carried);
  let x = embedTokens(parameters, ids, sinceStart);
  const blocks = parameters.blocks.map((block, i) => {
    const read = readBlock(x, batch, block, config, state.blocks[i], sinceStart);
    x = blockOutput(x, read.out, block, config.cms);
    return read.state;
  });
  return { hidden: layerNorm(x, parameters.norm), state: { blocks, sinceStart: carried } };
}

/**
 * What a block reads before its output matrix, and what it leaves behind.
 * @param x [B × T, D] @returns out, heads side by side, [B × T, D]
 */
export function readBlock(
  x: tf.Tensor2D,
  batch: number,
  block: BlockParameters,
  config: HopeConfig,
  { titans, mixer, tail }: BlockState,
  sinceStart: Int32Array,
): { out: tf.Tensor2D; state: BlockState } {
  const { heads } = config;
  if (!hasMemories(config)) {
    const view = blockView(x, batch, block, tail, sinceStart);
    const input = { x: view.seen, batch, heads, sinceStart, window: windowOf(config) };
    const read = mixerOf(config).read(input, block.mixer, mixer!);
    return { out: read.out, state: { mixer: read.state, tail: view.tail } };
  }
  const options = titansOptions(config);
  const inputs = blockInputs(x, batch, heads, block, tail, sinceStart, options.qkNorm);
  const read = selfModify(inputs.memoryInput, inputs.query, titans!, options, inputs.given);
  return { out: mergeHeads(read.out, batch), state: { titans: read.state, tail: inputs.tail } };
}

/** @param sinceStart of each token, [ids.length] @returns [ids.length, D] */
export function embedTokens(
  { embed, positions }: HopeParameters,
  ids: Int32Array,
  sinceStart: Int32Array,
): tf.Tensor2D {
  const tokens = tf.gather(embed, tf.tensor1d(ids, 'int32')) as tf.Tensor2D;
  if (!positions) return tokens;
  const [count] = positions.shape;
  const at = sinceStart.map(since => since % count);
  return tf.add(tokens, tf.gather(positions, tf.tensor1d(at, 'int32')));
}

/** Next-token logits through the head. @param hidden [N, D] @returns [N, V] */
export function headLogits({ head, embed }: HopeParameters, hidden: tf.Tensor2D): tf.Tensor2D {
  return tf.matMul(hidden, head ?? embed, false, true);
}

/** −log p(target) a token, nats. @param hidden [N, D] @param targets [N] @returns [N] */
export function tokenLosses(
  parameters: HopeParameters,
  hidden: tf.Tensor2D,
  targets: Int32Array,
): tf.Tensor1D {
  return crossEntropy(headLogits(parameters, hidden), tf.tensor1d(targets, 'int32'));
}
