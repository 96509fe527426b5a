import type { HopeConfig } from '../checkpoint/config.ts';
import { type ContinuumWeights, continuumLevel } from '../model/continuumMemory.ts';
import { blockInputs, mergeHeads } from '../model/hopeBlock.ts';
import { embedTokens, emptyTail, titansOptions } from '../model/languageModel.ts';
import { layerNorm } from '../model/layerNorm.ts';
import { tokensSinceStart } from '../model/localConvolution.ts';
import type { BlockParameters, HopeParameters } from '../model/parameters.ts';
import { type Memories, type MemoryName, selfModify } from '../model/selfModifyingTitans.ts';
import { tf } from '../tensor/tf.ts';

/** Two sets of weights, and for every row of a batch which of them each level takes. */
export interface Mixture {
  readonly before: HopeParameters;
  readonly after: HopeParameters;
  readonly rows: number;
  /** Whether this level of this row is that of `after`. */
  readonly takes: (row: number, level: string) => boolean;
}

const MEMORIES: readonly MemoryName[] = ['k', 'v', 'eta', 'alpha', 'memory'];

/**
 * Reads one document once for every row, all rows at once, and returns the normed residual stream.
 * @param ids [T] @returns [rows × T, D]
 */
export function readMixed(
  mixture: Mixture,
  config: HopeConfig,
  ids: Int32Array,
  endOfText: number,
): tf.Tensor2D {
  const { before, after, rows } = mixture;
  const { heads } = config;
  const options = titansOptions(config);
  const all = new Int32Array(rows * ids.length);
  for (let row = 0; row < rows; row++) all.set(ids, row * ids.length);
  const carried = new Int32Array(rows).fill(config.convolution);
  const since = tokensSinceStart(all, ids.length, endOfText, carried);
  let x = tf.tile(embedTokens(before, ids), [rows, 1]);
  before.blocks.forEach((block, i) => {
    const tail = emptyTail(config, rows);
    const { memoryInput, query } = blockInputs(x, rows, heads, block, tail, since, options.qkNorm);
    const memories = mixedMemories(mixture, block, after.blocks[i]);
    const read = selfModify(memoryInput, query, { memories }, options);
    x = tf.add(x, tf.matMul(mergeHeads(read.out, rows), block.output, false, true));
    block.cms.forEach((weights, k) => {
      const taken = Array.from({ length: rows }, (_, row) => mixture.takes(row, `cms.${k}`));
      x = mixedLevel(x, weights, after.blocks[i].cms[k], taken);
    });
  });
  return layerNorm(x, before.norm);
}

/** The memories of every row, [rows × H, …]. */
function mixedMemories({ rows, takes }: Mixture, before: BlockParameters, after: BlockParameters): Memories {
  const pick = (name: MemoryName, part: 'w1' | 'w2'): tf.Tensor3D => {
    const level = name === 'memory' ? 'memory' : 'projections';
    const both = [before.memories[name][part], after.memories[name][part]];
    return tf.concat(Array.from({ length: rows }, (_, row) => both[takes(row, level) ? 1 : 0]));
  };
  return Object.fromEntries(
    MEMORIES.map(name => [name, { w1: pick(name, 'w1'), w2: pick(name, 'w2') }]),
  ) as Memories;
}

/** A CMS level with the weights before for some rows and those after for the others. @param x [rows × T, D] */
function mixedLevel(
  x: tf.Tensor2D,
  before: ContinuumWeights,
  after: ContinuumWeights,
  taken: readonly boolean[],
): tf.Tensor2D {
  if (taken.every(one => one === taken[0])) return continuumLevel(x, taken[0] ? after : before);
  // Pieces put end to end: the library's gather is many times slower.
  const rows = tf.split<tf.Tensor2D>(x, taken.length);
  const part = (weights: ContinuumWeights, side: boolean) => {
    const some = rows.filter((_, row) => taken[row] === side);
    return tf.split<tf.Tensor2D>(continuumLevel(tf.concat<tf.Tensor2D>(some), weights), some.length);
  };
  const [untouched, changed]: tf.Tensor2D[][] = [part(before, false), part(after, true)];
  return tf.concat<tf.Tensor2D>(taken.map(side => (side ? changed : untouched).shift()!));
}
