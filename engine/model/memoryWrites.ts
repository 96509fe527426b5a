import type { Objective } from '../checkpoint/titansConfig.ts';
import { fusedChunkWrite } from '../tensor/fusedChunk.ts';
import { fusedChunk, hasFusedChunk, measuredChunk } from '../tensor/memoryChunk.ts';
import { l2Normalize } from '../tensor/norm.ts';
import { tf } from '../tensor/tf.ts';
import { type ChunkWrite, solveChunk, writeChunk } from './chunkWrite.ts';
import { type MemoryWeights, recall } from './memoryMlp.ts';
import type { Generated, Memories, MemoryName } from './selfModifyingTitans.ts';

export interface WriteOptions {
  readonly gradientCeiling: number;
  /** Multiplies every η, 1 by default. */
  readonly rate?: number;
  /** 'l2' by default. */
  readonly objective?: Objective;
  /** Whether memories are written with v as it is, each under what it generated (Eq. 79–82). */
  readonly sharedValues?: boolean;
  /** Whether keys have norm 1; only with shared values is there one that is not normalised yet. */
  readonly qkNorm?: boolean;
  /** β, 0 by default; with it go `momenta`. */
  readonly momentum?: number;
  readonly momenta?: Memories;
  /** Whether writes erase along their key, true by default. */
  readonly erase?: boolean;
  /** Which heads only sum up, one a head; none by default. */
  readonly sums?: readonly boolean[];
  /** Whether `subtracted` is wanted. */
  readonly withSubtracted?: boolean;
  /** Read through every memory before it is written, [G, Q, D]. */
  readonly query?: tf.Tensor3D;
}

/** The writes of a chunk of recorded tokens to the memories named, in one kernel where the backend has it. */
export function writeMemories<N extends MemoryName>(
  memories: Memories,
  names: readonly N[],
  chunk: Generated,
  options: WriteOptions,
): Record<N, ChunkWrite> {
  return writeMeasured(memories, names, chunk, options).written;
}

/** Writes, and what was measured of all of them where they were measured as they were made. */
export interface MeasuredWrites<N extends MemoryName> {
  readonly written: Record<N, ChunkWrite>;
  /** As of `Measurement` `write`, [4]. */
  readonly measured?: tf.Tensor1D;
}

/** The same. @param bases what the new weights are compared to; without them nothing is measured */
export function writeMeasured<N extends MemoryName>(
  memories: Memories,
  names: readonly N[],
  chunk: Generated,
  options: WriteOptions,
  bases?: Memories,
): MeasuredWrites<N> {
  const weights = names.map(name => memories[name]!);
  const fused = fusedWrites(weights, chunk, options, bases && names.map(name => bases[name]!));
  const writes = fused?.writes ?? plainWrites(names, weights, chunk, options);
  const written = Object.fromEntries(names.map((name, i) => [name, writes[i]])) as Record<N, ChunkWrite>;
  return { written, measured: fused?.measured };
}

/** Undefined where no kernel of the backend computes such a write. */
function fusedWrites(
  memories: readonly MemoryWeights[],
  chunk: Generated,
  options: WriteOptions,
  bases: readonly MemoryWeights[] | undefined,
): { writes: ChunkWrite[]; measured?: tf.Tensor1D } | undefined {
  const { gradientCeiling, rate = 1, objective = 'l2', withSubtracted = false, query } = options;
  const { sharedValues = false, momentum = 0, erase = true, sums } = options;
  if (sharedValues || momentum || !erase || sums || objective === 'half-l2' || !memories.every(isMlp))
    return undefined;
  if (objective === 'l2') {
    const written = fusedChunkWrite(memories, chunk, gradientCeiling, rate);
    if (written) {
      const read = (i: number) => query && recall(memories[i], query);
      return { writes: written.map((write, i) => ({ ...write, read: read(i) })) };
    }
  }
  if (!hasFusedChunk()) return undefined;
  const { k, v, logAlpha } = chunk;
  const tokens = { k, v, eta: scaled(chunk.eta, rate), logAlpha, q: query };
  const rule = { ceiling: gradientCeiling, dotProduct: objective === 'dot-product' };
  if (bases?.every(isMlp)) return measuredChunk(tokens, memories, rule, bases);
  return { writes: fusedChunk(tokens, memories, { ...rule, subtracted: withSubtracted }) };
}

function plainWrites(
  names: readonly MemoryName[],
  memories: readonly MemoryWeights[],
  chunk: Generated,
  options: WriteOptions,
): ChunkWrite[] {
  const { gradientCeiling, rate = 1, objective, query, momentum, momenta, erase, sums } = options;
  const eta = scaled(chunk.eta, rate);
  const solverOf = (k: tf.Tensor3D) =>
    solveChunk({ k, eta, logAlpha: chunk.logAlpha }, { erase, momentum, sums });
  const shared = solverOf(chunk.k);
  return memories.map((memory, i) => {
    const { key, vHat } = taughtWith(memory, names[i], chunk, options);
    const solver = key === chunk.k ? shared : solverOf(key);
    const started = momenta?.[names[i]];
    const write = writeChunk(memory, solver, vHat, gradientCeiling, objective, started, sums);
    return { ...write, read: query && recall(memory, query) };
  });
}

/** The key and the target that a memory is written with, v̂ a constant of its gradient. */
export function taughtWith(
  memory: MemoryWeights,
  name: MemoryName,
  chunk: Generated,
  options: WriteOptions,
): { key: tf.Tensor3D; vHat: tf.Tensor3D } {
  if (!options.sharedValues) return { key: chunk.k, vHat: recall(memory, chunk.v) };
  return { key: keyOf(name, chunk, options), vHat: chunk.v };
}

/** What a memory is written under when values are shared: what it generated itself (Eq. 80), M_memory under k. */
function keyOf(name: MemoryName, chunk: Generated, { qkNorm }: WriteOptions): tf.Tensor3D {
  const unit = (x: tf.Tensor3D) => (qkNorm ? l2Normalize(x) : x);
  switch (name) {
    case 'memory':
    case 'k':
      return chunk.k;
    case 'q':
      return chunk.qKey!;
    case 'v':
      return unit(chunk.v);
    case 'eta':
      return unit(chunk.etaKey!);
    case 'alpha':
      return unit(chunk.alphaKey!);
    default:
      return name satisfies never;
  }
}

function scaled(eta: tf.Tensor2D, rate: number): tf.Tensor2D {
  return rate === 1 ? eta : tf.mul<tf.Tensor2D>(eta, tf.scalar(rate));
}

/** What the kernels know of: two layers and nothing beside them. */
function isMlp(memory: MemoryWeights): memory is MemoryWeights & { readonly w1: tf.Tensor3D } {
  return memory.w1 !== undefined && memory.skip === undefined;
}
