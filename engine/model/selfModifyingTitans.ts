import { fusedChunkWrite } from '../tensor/fusedChunk.ts';
import { fusedChunk, hasFusedChunk } from '../tensor/memoryChunk.ts';
import { l2Normalize } from '../tensor/norm.ts';
import { tf } from '../tensor/tf.ts';
import { type ChunkWrite, type InnerLoss, solveChunk, writeChunk } from './chunkWrite.ts';
import { type MemoryWeights, recall } from './memoryMlp.ts';

/**
 * Self-modifying Titans (Eq. 83–90): memories that generate their own keys, values, learning rates and retention
 * gates, k_t, v_t, η_t, α_t = M□(x_t), read out by y_t = M_mem(q_t), and are written with self-generated targets
 * v̂□ = M□(v_t). q_t = W_q x_t is static. G = batch × heads, D = channels a head.
 */
export interface TitansOptions {
  /** C_mem in tokens. */
  readonly memoryPeriod: number;
  /** C_other in tokens. */
  readonly projectionsPeriod: number;
  readonly etaScale: number;
  readonly etaBias: number;
  readonly etaCeiling: number;
  /** Largest norm of one token's inner gradient on a memory; Infinity for none. */
  readonly gradientCeiling: number;
  readonly alphaBias: number;
  readonly qkNorm: boolean;
}

export const PROJECTIONS = ['k', 'v', 'eta', 'alpha'] as const;
export type MemoryName = (typeof PROJECTIONS)[number] | 'memory';
export type Memories = Readonly<Record<MemoryName, MemoryWeights>>;

/** What the memories generated for C tokens, recorded until the chunk is written. */
export interface Generated {
  /** [G, C, D] */
  readonly k: tf.Tensor3D;
  /** [G, C, D] */
  readonly v: tf.Tensor3D;
  /** [G, C] */
  readonly eta: tf.Tensor2D;
  /** log α, [G, C] */
  readonly logAlpha: tf.Tensor2D;
}

export interface TitansState {
  readonly memories: Memories;
  /** Tokens since the last write of the projections, at most C_other − 1. */
  readonly projectionsPending?: Generated;
  /** Tokens since the last write of M_mem, at most C_mem − 1. */
  readonly memoryPending?: Generated;
}

/** k, v, η, α of x [G, C, D], all with the weights at the start of the chunk (Eq. 84). */
export function generate(memories: Memories, x: tf.Tensor3D, options: TitansOptions): Generated {
  const [groups, chunk] = x.shape;
  const gate = (name: 'eta' | 'alpha', bias: number) =>
    tf.add<tf.Tensor2D>(tf.reshape(recall(memories[name], x), [groups, chunk]), tf.scalar(bias));
  const k = recall(memories.k, x);
  const eta = tf.mul(tf.softplus(gate('eta', options.etaBias)), tf.scalar(options.etaScale));
  return {
    k: options.qkNorm ? l2Normalize(k) : k,
    v: recall(memories.v, x),
    eta: tf.minimum(eta, tf.scalar(options.etaCeiling)),
    logAlpha: tf.neg(tf.softplus(tf.neg(gate('alpha', options.alphaBias)))),
  };
}

export interface WriteOptions {
  readonly gradientCeiling: number;
  /** Multiplies every η, 1 by default. */
  readonly rate?: number;
  /** 'l2' by default. */
  readonly innerLoss?: InnerLoss;
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
  const written = writeChunks(
    names.map(name => memories[name]),
    chunk,
    options,
  );
  return Object.fromEntries(names.map((name, i) => [name, written[i]])) as Record<N, ChunkWrite>;
}

function writeChunks(
  memories: readonly MemoryWeights[],
  chunk: Generated,
  { gradientCeiling, rate = 1, innerLoss = 'l2', withSubtracted = false, query }: WriteOptions,
): ChunkWrite[] {
  const read = (memory: MemoryWeights) => query && recall(memory, query);
  if (innerLoss === 'l2') {
    const written = fusedChunkWrite(memories, chunk, gradientCeiling, rate);
    if (written) return written.map((write, i) => ({ ...write, read: read(memories[i]) }));
  }
  const eta = rate === 1 ? chunk.eta : tf.mul<tf.Tensor2D>(chunk.eta, tf.scalar(rate));
  const { k, v, logAlpha } = chunk;
  if (hasFusedChunk()) {
    const dotProduct = innerLoss === 'dot-product';
    return fusedChunk({ k, v, eta, logAlpha, q: query }, memories, {
      ceiling: gradientCeiling,
      dotProduct,
      subtracted: withSubtracted,
    });
  }
  const solver = solveChunk({ k, eta, logAlpha });
  return memories.map(memory => {
    const write = writeChunk(memory, solver, recall(memory, v), gradientCeiling, innerLoss);
    return { ...write, read: read(memory) };
  });
}

/**
 * Reads and writes T tokens, carrying chunks that are still open in the state. Splitting a sequence at any token
 * gives the same result as one call.
 * @param x [G, T, D] @param q [G, T, D] @returns out [G, T, D] and the state after the last token.
 */
export function selfModify(
  x: tf.Tensor3D,
  q: tf.Tensor3D,
  start: TitansState,
  options: TitansOptions,
): { out: tf.Tensor3D; state: TitansState } {
  const outputs: tf.Tensor3D[] = [];
  let state = start;
  const chunks = chunkLengths(x.shape[1], pendingTokens(start.projectionsPending), options.projectionsPeriod);
  const keys = splitTokens(x, chunks);
  const queries = splitTokens(q, chunks);
  chunks.forEach((length, i) => {
    const generated = generate(state.memories, keys[i], options);
    const parts = chunkLengths(length, pendingTokens(state.memoryPending), options.memoryPeriod);
    const recorded = splitGenerated(generated, parts);
    splitTokens(queries[i], parts).forEach((query, j) => {
      if (!state.memoryPending && parts[j] === options.memoryPeriod) {
        // A whole chunk: it is read and written at once.
        const { memory } = writeMemories(state.memories, ['memory'], recorded[j], { ...options, query });
        outputs.push(memory.read!);
        state = { ...state, memories: { ...state.memories, memory: memory.weights } };
        return;
      }
      outputs.push(recall(state.memories.memory, query));
      const memoryPending = appendGenerated(state.memoryPending, recorded[j]);
      state = { ...state, memoryPending };
      if (pendingTokens(memoryPending) === options.memoryPeriod) state = flushMemory(state, options);
    });
    const projectionsPending = appendGenerated(state.projectionsPending, generated);
    state = { ...state, projectionsPending };
    if (pendingTokens(projectionsPending) === options.projectionsPeriod) {
      state = flushProjections(state, options);
    }
  });
  return { out: outputs.length === 1 ? outputs[0] : tf.concat(outputs, 1), state };
}

/** Writes M_mem with whatever is pending, a full chunk or a partial one. */
export function flushMemory(state: TitansState, options: TitansOptions): TitansState {
  if (!state.memoryPending) return state;
  const { memory } = writeMemories(state.memories, ['memory'], state.memoryPending, options);
  const memories = { ...state.memories, memory: memory.weights };
  return { ...state, memories, memoryPending: undefined };
}

/** Writes M_k, M_v, M_η, M_α with whatever is pending, a full chunk or a partial one. */
export function flushProjections(state: TitansState, options: TitansOptions): TitansState {
  if (!state.projectionsPending) return state;
  const { k, v, eta, alpha } = writeMemories(state.memories, PROJECTIONS, state.projectionsPending, options);
  const { memory } = state.memories;
  const memories = { k: k.weights, v: v.weights, eta: eta.weights, alpha: alpha.weights, memory };
  return { ...state, memories, projectionsPending: undefined };
}

export function pendingTokens(pending: Generated | undefined): number {
  return pending ? pending.k.shape[1] : 0;
}

/** Two recordings end to end. */
export function appendGenerated(pending: Generated | undefined, next: Generated): Generated {
  if (!pending || pendingTokens(pending) === 0) return next;
  return {
    k: tf.concat([pending.k, next.k], 1),
    v: tf.concat([pending.v, next.v], 1),
    eta: tf.concat([pending.eta, next.eta], 1),
    logAlpha: tf.concat([pending.logAlpha, next.logAlpha], 1),
  };
}

/** Lengths of the stretches of `tokens` that end at a chunk's boundary, `pending` tokens being open already. */
function chunkLengths(tokens: number, pending: number, period: number): number[] {
  const lengths: number[] = [];
  for (let left = tokens, open = period - pending; left > 0; open = period) {
    lengths.push(Math.min(left, open));
    left -= open;
  }
  return lengths;
}

/** One split instead of a slice a chunk: its gradient is one concatenation. */
function splitTokens<R extends tf.Rank>(x: tf.Tensor<R>, lengths: number[]): tf.Tensor<R>[] {
  return lengths.length === 1 ? [x] : tf.split(x, lengths, 1);
}

function splitGenerated({ k, v, eta, logAlpha }: Generated, lengths: number[]): Generated[] {
  const [ks, vs] = [splitTokens(k, lengths), splitTokens(v, lengths)];
  const [etas, logAlphas] = [splitTokens(eta, lengths), splitTokens(logAlpha, lengths)];
  return lengths.map((_, i) => ({ k: ks[i], v: vs[i], eta: etas[i], logAlpha: logAlphas[i] }));
}
