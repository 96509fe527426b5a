import type { HopeConfig } from '../checkpoint/config.ts';
import { crossEntropy } from '../tensor/crossEntropy.ts';
import { tf } from '../tensor/tf.ts';
import { blockInputs, blockOutput } from './hopeBlock.ts';
import { layerNorm } from './layerNorm.ts';
import { type ConvolutionTail, tokensSinceStart } from './localConvolution.ts';
import type { HopeParameters } from './parameters.ts';
import { selfModify, type TitansOptions, type TitansState } from './selfModifyingTitans.ts';

/** What one block carries from token to token. */
export interface BlockState {
  readonly titans: TitansState;
  readonly tail: ConvolutionTail;
}

/** What a batch of B sequences carries from token to token. */
export interface ReadingState {
  readonly blocks: readonly BlockState[];
  /** Distance of each row's last token from the start of its document, [B]. */
  readonly sinceStart: Int32Array;
}

export function titansOptions(config: HopeConfig): TitansOptions {
  const { titans } = config;
  return {
    memoryPeriod: titans.memory_period,
    projectionsPeriod: titans.projections_period,
    etaScale: titans.eta_scale,
    etaBias: titans.eta_bias,
    etaCeiling: titans.eta_ceiling,
    gradientCeiling: titans.gradient_ceiling,
    alphaBias: titans.alpha_bias,
    qkNorm: titans.qk_norm,
  };
}

/** The state before the first token: memories at M□,0, empty convolution windows, [B] rows. */
export function startReading(parameters: HopeParameters, config: HopeConfig, batch: number): ReadingState {
  const spread = (w: tf.Tensor3D) => (batch === 1 ? tf.clone(w) : tf.tile(w, [batch, 1, 1]));
  const blocks = parameters.blocks.map(({ memories: { k, v, eta, alpha, memory } }) => {
    const copy = (m: typeof k) => ({ w1: spread(m.w1), w2: spread(m.w2) });
    const memories = { k: copy(k), v: copy(v), eta: copy(eta), alpha: copy(alpha), memory: copy(memory) };
    return { titans: { memories }, tail: emptyTail(config, batch) };
  });
  return { blocks, sinceStart: new Int32Array(batch).fill(config.convolution) };
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
  const options = titansOptions(config);
  const carried = state.sinceStart.slice();
  const sinceStart = tokensSinceStart(ids, ids.length / batch, endOfText, carried);
  let x = embedTokens(parameters, ids);
  const blocks = parameters.blocks.map((block, i) => {
    const { titans, tail } = state.blocks[i];
    const inputs = blockInputs(x, batch, config.heads, block, tail, sinceStart, options.qkNorm);
    const read = selfModify(inputs.memoryInput, inputs.query, titans, options);
    x = blockOutput(x, read.out, batch, block);
    return { titans: read.state, tail: inputs.tail };
  });
  return { hidden: layerNorm(x, parameters.norm), state: { blocks, sinceStart: carried } };
}

/** @returns [ids.length, D] */
export function embedTokens(parameters: HopeParameters, ids: Int32Array): tf.Tensor2D {
  return tf.gather(parameters.embed, tf.tensor1d(ids, 'int32')) as tf.Tensor2D;
}

/** Next-token logits through the tied head. @param hidden [N, D] @returns [N, V] */
export function headLogits(parameters: HopeParameters, hidden: tf.Tensor2D): tf.Tensor2D {
  return tf.matMul(hidden, parameters.embed, false, true);
}

/** −log p(target) a token, nats. @param hidden [N, D] @param targets [N] @returns [N] */
export function tokenLosses(
  parameters: HopeParameters,
  hidden: tf.Tensor2D,
  targets: Int32Array,
): tf.Tensor1D {
  return crossEntropy(headLogits(parameters, hidden), tf.tensor1d(targets, 'int32'));
}
