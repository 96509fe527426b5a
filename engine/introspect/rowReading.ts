import type { HopeConfig } from '../checkpoint/config.ts';
import { continuumLevel, type LevelWeights } from '../model/continuumMemory.ts';
import { blockOutput } from '../model/hopeBlock.ts';
import {
  type BlockState,
  embedTokens,
  mapMemories,
  readBlock,
  startReading,
} from '../model/languageModel.ts';
import { layerNorm } from '../model/layerNorm.ts';
import { tokensSinceStart } from '../model/localConvolution.ts';
import { mapMemory } from '../model/memoryMlp.ts';
import type { HopeParameters } from '../model/parameters.ts';
import type { Memories } from '../model/selfModifyingTitans.ts';
import { tf } from '../tensor/tf.ts';

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
  const [outer] = rows;
  const count = rows.length;
  const all = new Int32Array(count * ids.length);
  for (let row = 0; row < count; row++) all.set(ids, row * ids.length);
  const start = startReading(outer, config, count);
  const since = tokensSinceStart(all, ids.length, endOfText, start.sinceStart);
  let x = tf.tile(embedTokens(outer, ids, since.subarray(0, ids.length)), [count, 1]);
  outer.blocks.forEach((block, i) => {
    const state = withMemories(start.blocks[i], rows, i);
    const read = readBlock(x, count, block, config, state, since);
    x = blockOutput(x, read.out, block, config.cms, {
      memories: y => y,
      level: (y, _, k) =>
        readLevel(
          y,
          rows.map(({ blocks }) => blocks[i].cms[k]),
        ),
    });
  });
  return layerNorm(x, outer.norm);
}

/** The memories of every row end to end, [rows × H, …], where the block has some. */
function withMemories(start: BlockState, rows: readonly HopeParameters[], block: number): BlockState {
  if (!start.titans) return start;
  const each = rows.map(({ blocks }) => blocks[block].memories!);
  return { ...start, titans: { ...start.titans, memories: joinedMemories(each) } };
}

function joinedMemories(rows: readonly Memories[]): Memories {
  return mapMemories(rows[0], (first, name) =>
    mapMemory(first, (_, part) => tf.concat(rows.map(row => row[name]![part]!))),
  );
}

/** A CMS level by the weights of each row. @param x [rows × T, D] */
function readLevel(x: tf.Tensor2D, rows: readonly LevelWeights[]): tf.Tensor2D {
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
function identity({ norm, ...matrices }: LevelWeights): string {
  return [...Object.values(norm), ...Object.values(matrices)].map(({ id }: tf.Tensor) => id).join();
}
