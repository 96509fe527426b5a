import { tf } from '../tensor/tf.ts';
import { type ChunkWrite, solveChunk, writeChunk } from './chunkWrite.ts';
import { type MemoryWeights, readMemory } from './memoryMlp.ts';

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
    tf.add<tf.Tensor2D>(tf.reshape(readMemory(memories[name], x).out, [groups, chunk]), tf.scalar(bias));
  const k = readMemory(memories.k, x).out;
  const eta = tf.mul(tf.softplus(gate('eta', options.etaBias)), tf.scalar(options.etaScale));
  return {
    k: options.qkNorm ? l2Normalize(k) : k,
    v: readMemory(memories.v, x).out,
    eta: tf.minimum(eta, tf.scalar(options.etaCeiling)),
    logAlpha: tf.neg(tf.softplus(tf.neg(gate('alpha', options.alphaBias)))),
  };
}

/** The writes of a chunk of recorded tokens to the memories named. `rate` multiplies every η. */
export function writeMemories<N extends MemoryName>(
  memories: Memories,
  names: readonly N[],
  chunk: Generated,
  rate = 1,
): Record<N, ChunkWrite> {
  const eta = rate === 1 ? chunk.eta : tf.mul<tf.Tensor2D>(chunk.eta, tf.scalar(rate));
  const solver = solveChunk({ k: chunk.k, eta, logAlpha: chunk.logAlpha });
  const written = names.map(name => {
    const vHat = readMemory(memories[name], chunk.v).out;
    return [name, writeChunk(memories[name], solver, vHat)] as const;
  });
  return Object.fromEntries(written) as Record<N, ChunkWrite>;
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
  const [groups, tokens, width] = x.shape;
  const outputs: tf.Tensor3D[] = [];
  let state = start;
  for (let at = 0; at < tokens; ) {
    const open = options.projectionsPeriod - pendingTokens(state.projectionsPending);
    const length = Math.min(tokens - at, open);
    const generated = generate(state.memories, tf.slice(x, [0, at, 0], [groups, length, width]), options);
    for (let j = 0; j < length; ) {
      const part = Math.min(length - j, options.memoryPeriod - pendingTokens(state.memoryPending));
      const query = tf.slice(q, [0, at + j, 0], [groups, part, width]);
      outputs.push(readMemory(state.memories.memory, query).out);
      const memoryPending = appendGenerated(state.memoryPending, sliceGenerated(generated, j, part));
      state = { ...state, memoryPending };
      if (pendingTokens(memoryPending) === options.memoryPeriod) state = flushMemory(state);
      j += part;
    }
    state = { ...state, projectionsPending: appendGenerated(state.projectionsPending, generated) };
    if (length === open) state = flushProjections(state);
    at += length;
  }
  return { out: outputs.length === 1 ? outputs[0] : tf.concat(outputs, 1), state };
}

/** Writes M_mem with whatever is pending, a full chunk or a partial one. */
export function flushMemory(state: TitansState): TitansState {
  if (!state.memoryPending) return state;
  const { memory } = writeMemories(state.memories, ['memory'], state.memoryPending);
  const memories = { ...state.memories, memory: memory.weights };
  return { ...state, memories, memoryPending: undefined };
}

/** Writes M_k, M_v, M_η, M_α with whatever is pending, a full chunk or a partial one. */
export function flushProjections(state: TitansState): TitansState {
  if (!state.projectionsPending) return state;
  const { k, v, eta, alpha } = writeMemories(state.memories, PROJECTIONS, state.projectionsPending);
  const { memory } = state.memories;
  const memories = { k: k.weights, v: v.weights, eta: eta.weights, alpha: alpha.weights, memory };
  return { ...state, memories, projectionsPending: undefined };
}

export function pendingTokens(pending: Generated | undefined): number {
  return pending ? pending.k.shape[1] : 0;
}

export function appendGenerated(pending: Generated | undefined, next: Generated): Generated {
  if (!pending) return next;
  return {
    k: tf.concat([pending.k, next.k], 1),
    v: tf.concat([pending.v, next.v], 1),
    eta: tf.concat([pending.eta, next.eta], 1),
    logAlpha: tf.concat([pending.logAlpha, next.logAlpha], 1),
  };
}

function sliceGenerated(all: Generated, from: number, length: number): Generated {
  const [groups, tokens, width] = all.k.shape;
  if (from === 0 && length === tokens) return all;
  return {
    k: tf.slice(all.k, [0, from, 0], [groups, length, width]),
    v: tf.slice(all.v, [0, from, 0], [groups, length, width]),
    eta: tf.slice(all.eta, [0, from], [groups, length]),
    logAlpha: tf.slice(all.logAlpha, [0, from], [groups, length]),
  };
}

/** x / ‖x‖ along the last axis; the constant keeps the gradient finite at zero. */
export function l2Normalize(x: tf.Tensor3D): tf.Tensor3D {
  const squared = tf.sum(tf.square(x), -1, true);
  return tf.mul(x, tf.rsqrt(tf.add(squared, tf.scalar(1e-12))));
}
