import type { ContinuumConfig } from '../checkpoint/continuumConfig.ts';
import { l2Normalize } from '../tensor/norm.ts';
import { tf } from '../tensor/tf.ts';
import { continuumLevel, type LevelWeights } from './continuumMemory.ts';
import { splitGates, splitHeads } from './heads.ts';
import { layerNorm } from './layerNorm.ts';
import { type ConvolutionTail, localConvolution } from './localConvolution.ts';
import type { BlockParameters } from './parameters.ts';
import type { Given } from './selfModifyingTitans.ts';

/**
 * A block (Eq. 94–97) with the pre-norm residual stream that the paper leaves out "for clarity":
 *
 *   h = x + W_o look_back(conv(LN(x))),   y = MLP^(K−1)(… MLP^(0)(h));
 *
 * to the letter (mode km), h = look_back(conv(x)). With a norm after it, h = LN(x + W_o look_back(conv(x))).
 *
 * B batch, T tokens, D width, H heads, G = B × H.
 */
export interface BlockView {
  /** Normed and convolved, [B × T, D]. */
  readonly seen: tf.Tensor2D;
  readonly tail: ConvolutionTail;
}

/** What a block looks at. @param x [B × T, D] */
export function blockView(
  x: tf.Tensor2D,
  batch: number,
  block: Pick<BlockParameters, 'norm' | 'convolution'>,
  tail: ConvolutionTail,
  sinceStart: Int32Array,
): BlockView {
  const normed = block.norm ? layerNorm(x, block.norm) : x;
  if (!block.convolution) return { seen: normed, tail };
  const [rows, width] = x.shape;
  const spread = tf.reshape<tf.Rank.R3>(normed, [batch, rows / batch, width]);
  const convolved = localConvolution(spread, block.convolution, tail, sinceStart);
  return { seen: tf.reshape(convolved.out, [rows, width]), tail: convolved.tail };
}

export interface BlockInputs {
  /** Input of the memories, [G, T, D / H]. */
  readonly memoryInput: tf.Tensor3D;
  /** Queries, [G, T, D / H]; absent where a memory makes them. */
  readonly query?: tf.Tensor3D;
  /** What static projections made of it. */
  readonly given: Given;
  readonly tail: ConvolutionTail;
}

/** What the memories of a block read. @param x [B × T, D] */
export function blockInputs(
  x: tf.Tensor2D,
  batch: number,
  heads: number,
  block: Pick<BlockParameters, 'norm' | 'convolution' | 'query' | 'static'>,
  tail: ConvolutionTail,
  sinceStart: Int32Array,
  qkNorm: boolean,
): BlockInputs {
  const view = blockView(x, batch, block, tail, sinceStart);
  const query = block.query && splitHeads(tf.matMul(view.seen, block.query, false, true), batch, heads);
  return {
    memoryInput: splitHeads(view.seen, batch, heads),
    query: query && qkNorm ? l2Normalize(query) : query,
    given: givenOf(view.seen, batch, heads, block.static),
    tail: view.tail,
  };
}

function givenOf(
  seen: tf.Tensor2D,
  batch: number,
  heads: number,
  { k, v, eta, alpha }: BlockParameters['static'],
): Given {
  const made = (weight: tf.Tensor2D) => tf.matMul<tf.Tensor2D>(seen, weight, false, true);
  return {
    ...(k && { k: splitHeads(made(k), batch, heads) }),
    ...(v && { v: splitHeads(made(v), batch, heads) }),
    ...(eta && { eta: splitGates(made(eta), batch) }),
    ...(alpha && { alpha: splitGates(made(alpha), batch) }),
  };
}

/** What a caller may watch or do its own way in the output of a block. */
export interface BlockOutputParts {
  /** @param y what the block read, heads side by side, [B × T, D] */
  memories(y: tf.Tensor2D): tf.Tensor2D;
  /** Level `k`. @param y [B × T, D] */
  level(y: tf.Tensor2D, weights: LevelWeights, k: number): tf.Tensor2D;
}

/** A block as it is. */
const plainParts: BlockOutputParts = { memories: y => y, level: continuumLevel };

/** How the levels of a block work together. */
export type Arrangement = Pick<ContinuumConfig, 'order'>;

/**
 * The residual stream after what was read and the continuum memory system.
 * @param x [B × T, D] @param read heads side by side, [B × T, D]
 */
export function blockOutput(
  x: tf.Tensor2D,
  read: tf.Tensor2D,
  block: Pick<BlockParameters, 'output' | 'outputBias' | 'outputNorm' | 'cms' | 'mix'>,
  arrangement: Arrangement,
  parts = plainParts,
): tf.Tensor2D {
  const seen = parts.memories(read);
  return continuum(afterRead(x, seen, block), block, arrangement, (y, k) => parts.level(y, block.cms[k], k));
}

function afterRead(
  x: tf.Tensor2D,
  seen: tf.Tensor2D,
  { output, outputBias, outputNorm }: Pick<BlockParameters, 'output' | 'outputBias' | 'outputNorm'>,
): tf.Tensor2D {
  if (!output) return seen;
  const mixed = tf.matMul(seen, output, false, true);
  const after = tf.add<tf.Tensor2D>(x, outputBias ? tf.add<tf.Tensor2D>(mixed, outputBias) : mixed);
  return outputNorm ? layerNorm(after, outputNorm) : after;
}

/**
 * The levels in their arrangement: a chain (Eq. 73), or side by side in a weighted sum, Σ_k a_k MLP^(k)(x) (Eq. 74).
 * @param level level `k` of y
 */
export function continuum(
  x: tf.Tensor2D,
  { cms, mix }: Pick<BlockParameters, 'cms' | 'mix'>,
  { order }: Arrangement,
  level: (y: tf.Tensor2D, k: number) => tf.Tensor2D,
): tf.Tensor2D {
  const levels = [...cms.keys()];
  if (!mix) return (order === 'slow-first' ? levels.reverse() : levels).reduce(level, x);
  const weighted = levels.map(k => tf.mul<tf.Tensor2D>(level(x, k), tf.slice(mix, [k], [1])));
  return weighted.reduce((sum, each) => tf.add(sum, each));
}
