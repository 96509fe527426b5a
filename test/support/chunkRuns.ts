import { solveChunk, writeChunk } from '../../engine/model/chunkWrite.ts';
import { readMemory } from '../../engine/model/memoryMlp.ts';
import { fusedChunk } from '../../engine/tensor/memoryChunk.ts';
import { Random } from '../../engine/tensor/random.ts';
import { tf } from '../../engine/tensor/tf.ts';
import type { ChunkSizes } from './chunkReference.ts';

const random = new Random(21);
/** The inputs of a chunk with one memory, in the kernel's order. */
export const CHUNK_INPUTS = ['k', 'v', 'eta', 'logAlpha', 'q', 'w1', 'w2'] as const;
export const sizes = (
  chunk: number,
  queries: number,
  width: number,
  hidden: number,
  out = width,
): ChunkSizes => ({
  chunk,
  queries,
  width,
  hidden,
  out,
});

/** Every remainder of the tiles of 4 tokens, 4 rows and 8 columns, gates with one output, and a hidden layer of its own. */
export const CASES: [ChunkSizes, number, boolean][] = [
  [sizes(1, 1, 3, 3), Number.POSITIVE_INFINITY, false],
  [sizes(4, 4, 8, 8), 1, false],
  [sizes(5, 2, 7, 9), 0.8, false],
  [sizes(8, 8, 16, 40), 1, false],
  [sizes(11, 3, 12, 17), 0.5, true],
  [sizes(16, 16, 8, 20), Number.POSITIVE_INFINITY, false],
  [sizes(19, 1, 9, 11), 2, false],
  [sizes(6, 6, 8, 8, 1), 1, false],
  [sizes(9, 2, 5, 24, 1), Number.POSITIVE_INFINITY, true],
];

function shapesOf({ chunk, queries, width, hidden, out }: ChunkSizes, groups: number) {
  return {
    k: [groups, chunk, width],
    v: [groups, chunk, width],
    eta: [groups, chunk],
    logAlpha: [groups, chunk],
    q: [groups, queries, width],
    w1: [groups, out, hidden],
    w2: [groups, hidden, width],
  };
}

/** Random inputs of a chunk in which every part of the write counts. */
export function inputsOf(
  size: ChunkSizes,
  groups: number,
): Record<(typeof CHUNK_INPUTS)[number], Float32Array> {
  const { width, hidden } = size;
  const make = (name: (typeof CHUNK_INPUTS)[number], value: () => number) =>
    Float32Array.from({ length: tf.util.sizeFromShape(shapesOf(size, groups)[name]) }, value);
  return {
    k: make('k', () => random.normal() / Math.sqrt(width)),
    v: make('v', () => random.normal() / Math.sqrt(width)),
    eta: make('eta', () => 0.05 + 0.1 * random.uniform()),
    logAlpha: make('logAlpha', () => -0.2 * random.uniform()),
    q: make('q', () => random.normal()),
    w1: make('w1', () => random.normal() / Math.sqrt(hidden)),
    w2: make('w2', () => (1.5 * random.normal()) / Math.sqrt(width)),
  };
}

export function tensorsOf(
  values: Record<string, Float32Array>,
  size: ChunkSizes,
  groups: number,
): tf.Tensor[] {
  const shapes = shapesOf(size, groups);
  return CHUNK_INPUTS.map(name => tf.tensor(values[name].slice(), shapes[name]));
}

/** What a chunk makes of one memory. */
export interface Outputs {
  w1: tf.Tensor;
  w2: tf.Tensor;
  read: tf.Tensor;
  surprise: tf.Tensor;
  taken1: tf.Tensor;
  taken2: tf.Tensor;
}

/** By the kernel of the current backend. */
export function fused(inputs: tf.Tensor[], ceiling: number, dotProduct: boolean): Outputs {
  const [k, v, eta, logAlpha, q, w1, w2] = inputs as tf.Tensor3D[];
  const tokens = {
    k,
    v,
    eta: eta as tf.Tensor as tf.Tensor2D,
    logAlpha: logAlpha as tf.Tensor as tf.Tensor2D,
    q,
  };
  const [write] = fusedChunk(tokens, [{ w1, w2 }], { ceiling, dotProduct, subtracted: true });
  const { weights, subtracted, surprise, read } = write;
  return { ...weights, read: read!, surprise, taken1: subtracted!.w1, taken2: subtracted!.w2 };
}

/** By the expression that defines it, from the backend's operations. */
export function composed(inputs: tf.Tensor[], ceiling: number, dotProduct: boolean): Outputs {
  const [k, v, eta, logAlpha, q, w1, w2] = inputs as tf.Tensor3D[];
  const memory = { w1, w2 };
  const gates = { k, eta: eta as tf.Tensor as tf.Tensor2D, logAlpha: logAlpha as tf.Tensor as tf.Tensor2D };
  const vHat = readMemory(memory, v).out;
  const loss = dotProduct ? 'dot-product' : 'l2';
  const { weights, subtracted, surprise } = writeChunk(memory, solveChunk(gates), vHat, ceiling, loss);
  const read = readMemory(memory, q).out;
  return { w1: weights.w1!, w2: weights.w2, read, surprise, taken1: subtracted.w1!, taken2: subtracted.w2 };
}

/** A loss that depends on every element of what a chunk leaves behind, with weights of order 1. */
export const weightOf = (at: number) => Math.sin(1.7 * at + 0.3);
export function lossOf({ w1, w2, read }: Outputs): tf.Scalar {
  const part = (x: tf.Tensor, from: number) =>
    tf.sum(
      tf.mul(
        x,
        tf.tensor(
          Float32Array.from({ length: x.size }, (_, i) => weightOf(from + i)),
          x.shape,
        ),
      ),
    );
  return tf.addN([part(w1, 0), part(w2, 1000), part(read, 2000)]) as tf.Scalar;
}
