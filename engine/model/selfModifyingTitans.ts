import type { GeneratedName, Objective } from '../checkpoint/titansConfig.ts';
import { l2Normalize } from '../tensor/norm.ts';
import { tf } from '../tensor/tf.ts';
import { type MemoryWeights, recall } from './memoryMlp.ts';
import { writeMemories } from './memoryWrites.ts';

/**
 * Self-modifying Titans (Eq. 83–90): memories that generate their own keys, values, learning rates and retention
 * gates, k_t, v_t, η_t, α_t = M□(x_t), read out by y_t = M_mem(q_t), and are written with self-generated targets
 * v̂□ = M□(v_t). q_t = W_q x_t is static unless M_q is among the memories; any other of them may be static instead.
 * G = batch × heads, D = channels a head.
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
  /** 'l2' by default. */
  readonly objective?: Objective;
  /** Whether memories are written with v as it is, each under what it generated (Eq. 79–82). */
  readonly sharedValues?: boolean;
  /** β of the inner momentum, 0 by default. */
  readonly momentum?: number;
  /** Whether writes erase along their key, true by default. */
  readonly erase?: boolean;
  /** Which heads only sum up, by the dot product and without erasing, one a head; none by default. */
  readonly sums?: readonly boolean[];
  /** Whether memories decay, true by default. */
  readonly retention?: boolean;
}

/** Memories that generate, in the order they are written in. */
export const PROJECTIONS = ['k', 'v', 'eta', 'alpha', 'q'] as const satisfies readonly GeneratedName[];
export type MemoryName = GeneratedName | 'memory';
export type Memories = Readonly<
  Record<'memory', MemoryWeights> & Partial<Record<GeneratedName, MemoryWeights>>
>;

/** What static projections made of T tokens, each absent where a memory makes it. */
export interface Given {
  /** [G, T, D] */
  readonly k?: tf.Tensor3D;
  /** [G, T, D] */
  readonly v?: tf.Tensor3D;
  /** Before its bias and softplus, [G, T]. */
  readonly eta?: tf.Tensor2D;
  /** Before its bias and sigmoid, [G, T]. */
  readonly alpha?: tf.Tensor2D;
}

/** What was generated for C tokens, recorded until the chunk is written. */
export interface Generated {
  /** [G, C, D] */
  readonly k: tf.Tensor3D;
  /** [G, C, D] */
  readonly v: tf.Tensor3D;
  /** [G, C] */
  readonly eta: tf.Tensor2D;
  /** log α, [G, C] */
  readonly logAlpha: tf.Tensor2D;
  /** With shared values, what M_q, M_η and M_α answered, which they are written under, [G, C, D]. */
  readonly qKey?: tf.Tensor3D;
  readonly etaKey?: tf.Tensor3D;
  readonly alphaKey?: tf.Tensor3D;
}

export interface TitansState {
  readonly memories: Memories;
  /** S of every memory, where writes have momentum. */
  readonly momenta?: Memories;
  /** Tokens since the last write of the projections, at most C_other − 1. */
  readonly projectionsPending?: Generated;
  /** Tokens since the last write of M_mem, at most C_mem − 1. */
  readonly memoryPending?: Generated;
}

/** Names of the memories that generate. */
export function projectionsOf(memories: Memories): GeneratedName[] {
  return PROJECTIONS.filter(name => memories[name]);
}

/** k, v, η, α of x [G, C, D], all with the weights at the start of the chunk (Eq. 84). */
export function generate(
  memories: Memories,
  x: tf.Tensor3D,
  options: TitansOptions,
  given: Given = {},
): Generated {
  const [groups, chunk] = x.shape;
  const answers = { eta: gateOf(memories.eta, x), alpha: gateOf(memories.alpha, x) };
  const gate = (name: 'eta' | 'alpha', bias: number) => {
    const answer = answers[name];
    const value = answer
      ? tf.reshape<tf.Rank.R2>(answer.shape[2] === 1 ? answer : tf.mean(answer, 2), [groups, chunk])
      : given[name]!;
    return tf.add<tf.Tensor2D>(value, tf.scalar(bias));
  };
  const k = given.k ?? recall(memories.k!, x);
  const eta = tf.mul(tf.softplus(gate('eta', options.etaBias)), tf.scalar(options.etaScale));
  const generated: Generated = {
    k: options.qkNorm ? l2Normalize(k) : k,
    v: given.v ?? recall(memories.v!, x),
    eta: tf.minimum(eta, tf.scalar(options.etaCeiling)),
    logAlpha:
      options.retention === false
        ? tf.zeros([groups, chunk])
        : tf.neg(tf.softplus(tf.neg(gate('alpha', options.alphaBias)))),
  };
  if (!options.sharedValues) return generated;
  return {
    ...generated,
    ...(memories.q && { qKey: adaptiveQuery(memories.q, x, options) }),
    ...(answers.eta && { etaKey: answers.eta }),
    ...(answers.alpha && { alphaKey: answers.alpha }),
  };
}

function gateOf(memory: MemoryWeights | undefined, x: tf.Tensor3D): tf.Tensor3D | undefined {
  return memory && recall(memory, x);
}

/** q of x [G, C, D] by M_q. */
export function adaptiveQuery(memory: MemoryWeights, x: tf.Tensor3D, { qkNorm }: TitansOptions): tf.Tensor3D {
  const q = recall(memory, x);
  return qkNorm ? l2Normalize(q) : q;
}

/**
 * Reads and writes T tokens, carrying chunks that are still open in the state. Splitting a sequence at any token
 * gives the same result as one call.
 * @param x [G, T, D] @param q [G, T, D], absent where M_q makes it @param given what static projections made of x
 * @returns out [G, T, D] and the state after the last token.
 */
export function selfModify(
  x: tf.Tensor3D,
  q: tf.Tensor3D | undefined,
  start: TitansState,
  options: TitansOptions,
  given: Given = {},
): { out: tf.Tensor3D; state: TitansState } {
  const outputs: tf.Tensor3D[] = [];
  let state = start;
  const chunks = chunkLengths(x.shape[1], pendingTokens(start.projectionsPending), options.projectionsPeriod);
  const keys = splitTokens(x, chunks);
  const queries = q && splitTokens(q, chunks);
  const parts = splitRecord(given, chunks);
  chunks.forEach((length, i) => {
    const generated = generate(state.memories, keys[i], options, parts[i]);
    const query = queries?.[i] ?? adaptiveQuery(state.memories.q!, keys[i], options);
    const lengths = chunkLengths(length, pendingTokens(state.memoryPending), options.memoryPeriod);
    const recorded = splitRecord(generated, lengths);
    splitTokens(query, lengths).forEach((asked, j) => {
      if (!state.memoryPending && lengths[j] === options.memoryPeriod) {
        // A whole chunk: it is read and written at once.
        const { read, next } = writeState(state, ['memory'], recorded[j], options, asked);
        outputs.push(read!);
        state = next;
        return;
      }
      outputs.push(recall(state.memories.memory, asked));
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
  const { next } = writeState(state, ['memory'], state.memoryPending, options);
  return { ...next, memoryPending: undefined };
}

/** Writes every memory that generates with whatever is pending, a full chunk or a partial one. */
export function flushProjections(state: TitansState, options: TitansOptions): TitansState {
  if (!state.projectionsPending) return state;
  const names = projectionsOf(state.memories);
  const { next } = names.length
    ? writeState(state, names, state.projectionsPending, options)
    : { next: state };
  return { ...next, projectionsPending: undefined };
}

/** The state with these memories written. @param query read through M_mem before, [G, Q, D] */
function writeState(
  state: TitansState,
  names: readonly MemoryName[],
  chunk: Generated,
  options: TitansOptions,
  query?: tf.Tensor3D,
): { next: TitansState; read?: tf.Tensor3D } {
  const { memories, momenta } = state;
  const written = writeMemories(memories, names, chunk, { ...options, momenta, query });
  const weights = Object.fromEntries(names.map(name => [name, written[name].weights]));
  const moved = momenta && Object.fromEntries(names.map(name => [name, written[name].momentum!]));
  return {
    next: {
      ...state,
      memories: { ...memories, ...weights },
      ...(moved && { momenta: { ...momenta, ...moved } }),
    },
    read: written[names[0]].read,
  };
}

export function pendingTokens(pending: Generated | undefined): number {
  return pending ? pending.k.shape[1] : 0;
}

/** Two recordings end to end. */
export function appendGenerated(pending: Generated | undefined, next: Generated): Generated {
  if (!pending || pendingTokens(pending) === 0) return next;
  return mapGenerated(next, (tensor, name) => tf.concat([pending[name] as tf.Tensor, tensor], 1));
}

/** The same recording with every tensor replaced. */
export function mapGenerated(
  generated: Generated,
  map: (tensor: tf.Tensor, name: keyof Generated) => tf.Tensor,
): Generated {
  const entries = Object.entries(generated).filter(([, tensor]) => tensor) as [keyof Generated, tf.Tensor][];
  return Object.fromEntries(entries.map(([name, tensor]) => [name, map(tensor, name)])) as never;
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

/** A record of tensors with tokens along their second axis, cut into one a stretch. */
function splitRecord<T extends object>(record: T, lengths: number[]): T[] {
  const entries = Object.entries(record).map(([name, x]) => [name, splitTokens(x, lengths)] as const);
  return lengths.map((_, i) => Object.fromEntries(entries.map(([name, parts]) => [name, parts[i]])) as T);
}
