import { l2Normalize } from '../tensor/norm.ts';
import { tf } from '../tensor/tf.ts';
import { type ContinuumWeights, continuumLevel } from './continuumMemory.ts';
import { layerNorm } from './layerNorm.ts';
import { type ConvolutionTail, localConvolution } from './localConvolution.ts';
import type { BlockParameters } from './parameters.ts';

/**
 * A Hope block (Eq. 94–97) with the pre-norm residual stream that the paper leaves out "for clarity":
 *
 *   h = x + W_o Titans(conv(LN(x))),   y = MLP^(K−1)(… MLP^(0)(h)).
 *
 * B batch, T tokens, D width, H heads, G = B × H.
 */
export interface BlockInputs {
  /** Input of the memories, [G, T, D / H]. */
  readonly memoryInput: tf.Tensor3D;
  /** Queries, [G, T, D / H]. */
  readonly query: tf.Tensor3D;
  readonly tail: ConvolutionTail;
}

/** What the memories of a block read. @param x [B × T, D] */
export function blockInputs(
  x: tf.Tensor2D,
  batch: number,
  heads: number,
  block: Pick<BlockParameters, 'norm' | 'convolution' | 'query'>,
  tail: ConvolutionTail,
  sinceStart: Int32Array,
  qkNorm: boolean,
): BlockInputs {
  const [rows, width] = x.shape;
  const normed = tf.reshape<tf.Rank.R3>(layerNorm(x, block.norm), [batch, rows / batch, width]);
  const convolved = localConvolution(normed, block.convolution, tail, sinceStart);
  const flat = tf.reshape<tf.Rank.R2>(convolved.out, [rows, width]);
  const query = splitHeads(tf.matMul(flat, block.query, false, true), batch, heads);
  return {
    memoryInput: splitHeads(flat, batch, heads),
    query: qkNorm ? l2Normalize(query) : query,
    tail: convolved.tail,
  };
}

/** What a caller may watch or do its own way in the output of a block. */
export interface BlockOutputParts {
  /** @param y what the memories read, heads side by side, [B × T, D] */
  memories(y: tf.Tensor2D): tf.Tensor2D;
  /** Level `k`. @param y [B × T, D] */
  level(y: tf.Tensor2D, weights: ContinuumWeights, k: number): tf.Tensor2D;
}

/** A block as it is. */
const plainParts: BlockOutputParts = { memories: y => y, level: continuumLevel };

/**
 * The residual stream after the memories and the continuum memory system.
 * @param x [B × T, D] @param read M_mem(q), [G, T, D / H]
 */
export function blockOutput(
  x: tf.Tensor2D,
  read: tf.Tensor3D,
  batch: number,
  block: { readonly output: tf.Tensor2D; readonly cms: readonly ContinuumWeights[] },
  parts = plainParts,
): tf.Tensor2D {
  const heads = parts.memories(mergeHeads(read, batch));
  const start = tf.add<tf.Tensor2D>(x, tf.matMul(heads, block.output, false, true));
  return block.cms.reduce((y, weights, k) => parts.level(y, weights, k), start);
}

/** [B × T, D] to [B × H, T, D / H]. */
export function splitHeads(x: tf.Tensor2D, batch: number, heads: number): tf.Tensor3D {
  const [rows, width] = x.shape;
  const tokens = rows / batch;
  if (heads === 1) return tf.reshape(x, [batch, tokens, width]);
  const split = tf.transpose(tf.reshape(x, [batch, tokens, heads, width / heads]), [0, 2, 1, 3]);
  return tf.reshape(split, [batch * heads, tokens, width / heads]);
}

/** [B × H, T, D / H] to [B × T, D]. */
export function mergeHeads(x: tf.Tensor3D, batch: number): tf.Tensor2D {
  const [groups, tokens, inner] = x.shape;
  const heads = groups / batch;
  const merged = tf.transpose(tf.reshape(x, [batch, heads, tokens, inner]), [0, 2, 1, 3]);
  return tf.reshape(merged, [batch * tokens, heads * inner]);
}
