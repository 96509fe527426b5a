import type { HopeConfig } from '../checkpoint/config.ts';
import { type ContinuumWeights, continuumLevel } from '../model/continuumMemory.ts';
import { blockInputs, mergeHeads } from '../model/hopeBlock.ts';
import { embedTokens, emptyTail, titansOptions } from '../model/languageModel.ts';
import { layerNorm } from '../model/layerNorm.ts';
import { tokensSinceStart } from '../model/localConvolution.ts';
import type { HopeParameters } from '../model/parameters.ts';
import { type Memories, type MemoryName, selfModify } from '../model/selfModifyingTitans.ts';
import { tf } from '../tensor/tf.ts';

const MEMORIES: readonly MemoryName[] = ['k', 'v', 'eta', 'alpha', 'memory'];

/**
 * Reads one document by several sets of weights at once, a row each, and returns the normed residual stream. What is
 * outside the levels is that of the first. Rows whose CMS level is the same tensors are read through it together.
 * @param ids [T] @returns [rows × T, D]
 */
export function readRows(
  rows: readonly HopeParameters[],
  config: HopeConfig,
  ids: Int32Array,
  endOfText: number,
): tf.Tensor2D {
  const { heads } = config;
  const [outer] = rows;
  const count = rows.length;
  const options = titansOptions(config);
  const all = new Int32Array(count * ids.length);
  for (let row = 0; row < count; row++) all.set(ids, row * ids.length);
  const carried = new Int32Array(count).fill(config.convolution);
  const since = tokensSinceStart(all, ids.length, endOfText, carried);
  let x = tf.tile(embedTokens(outer, ids), [count, 1]);
  outer.blocks.forEach((block, i) => {
    const tail = emptyTail(config, count);
    const { memoryInput, query } = blockInputs(x, count, heads, block, tail, since, options.qkNorm);
    const memories = joinedMemories(rows.map(({ blocks }) => blocks[i].memories));
    const read = selfModify(memoryInput, query, { memories }, options);
    x = tf.add(x, tf.matMul(mergeHeads(read.out, count), block.output, false, true));
    block.cms.forEach((_, k) => {
      const levels = rows.map(({ blocks }) => blocks[i].cms[k]);
      x = readLevel(x, levels);
    });
  });
  return layerNorm(x, outer.norm);
}

/** The memories of every row end to end, [rows × H, …]. */
function joinedMemories(rows: readonly Memories[]): Memories {
  const join = (name: MemoryName, part: 'w1' | 'w2') => tf.concat(rows.map(row => row[name][part]));
  return Object.fromEntries(
    MEMORIES.map(name => [name, { w1: join(name, 'w1'), w2: join(name, 'w2') }]),
  ) as Memories;
}

/** A CMS level by the weights of each row. @param x [rows × T, D] */
function readLevel(x: tf.Tensor2D, rows: readonly ContinuumWeights[]): tf.Tensor2D {
  const groups = Map.groupBy(rows.keys(), row => identity(rows[row]));
  if (groups.size === 1) return continuumLevel(x, rows[0]);
  // Pieces put end to end: the library's gather is many times slower.
  const pieces = tf.split<tf.Tensor2D>(x, rows.length) as tf.Tensor2D[];
  for (const group of groups.values()) {
    const together = tf.concat<tf.Tensor2D>(group.map(row => pieces[row]));
    const read: tf.Tensor2D[] = tf.split<tf.Tensor2D>(continuumLevel(together, rows[group[0]]), group.length);
    group.forEach((row, i) => {
      pieces[row] = read[i];
    });
  }
  return tf.concat<tf.Tensor2D>(pieces);
}

/** The same for the same tensors. */
function identity({ norm, expand, expandBias, contract, contractBias }: ContinuumWeights): string {
  return [norm.weight, norm.bias, expand, expandBias, contract, contractBias].map(({ id }) => id).join();
}
