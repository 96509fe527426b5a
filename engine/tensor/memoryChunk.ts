import { hasKernel } from './ownKernel.ts';
import { tf } from './tf.ts';

/** How a chunk is written, as the kernels get it. */
export interface ChunkAttributes {
  /** How many memories are written. */
  readonly memories: number;
  /** Whether queries are read with the weights from before the write. */
  readonly queries: boolean;
  /** Largest norm of one token's inner gradient; Infinity for none. */
  readonly ceiling: number;
  /** Inner loss −⟨M(k), v̂⟩ in place of ‖M(k) − v̂‖². */
  readonly dotProduct: boolean;
  /** Whether what is subtracted from the decayed weights is an output too. */
  readonly subtracted: boolean;
  /** Whether the last inputs are what new weights are compared to, and the last output may be what was measured, [4]. */
  readonly measured: boolean;
}

/** Tokens of a chunk: k, v [G, C, D], η and log α [G, C], and queries [G, Q, D] to read before it is written. */
export interface ChunkTokens {
  readonly k: tf.Tensor3D;
  readonly v: tf.Tensor3D;
  readonly eta: tf.Tensor2D;
  readonly logAlpha: tf.Tensor2D;
  readonly q?: tf.Tensor3D;
}

/** One memory. */
export interface Weights {
  readonly w1: tf.Tensor3D;
  readonly w2: tf.Tensor3D;
}

/** What became of one memory: surprise [G, C, O], read [G, Q, O]. */
export interface FusedWrite {
  readonly weights: Weights;
  readonly surprise: tf.Tensor3D;
  readonly subtracted?: Weights;
  readonly read?: tf.Tensor3D;
}

/** Whether the current backend writes a chunk in one kernel, and can differentiate it where that is asked for. */
export function hasFusedChunk(): boolean {
  return hasKernel('HopeChunk');
}

type ChunkOptions = Pick<ChunkAttributes, 'ceiling' | 'dotProduct' | 'subtracted'>;

/**
 * Writes a chunk to memories W1 [G, O, H], W2 [G, H, D] in one kernel: v̂ = M(v), the gradient of the inner loss at
 * the weights from before, its ceiling, and the decayed delta rule for the whole chunk (Eq. 88, 90). Differentiable
 * once where the backend has 'HopeChunkGrad', with respect to everything but the surprise and what was subtracted.
 */
export function fusedChunk(
  tokens: ChunkTokens,
  memories: readonly Weights[],
  options: ChunkOptions,
): FusedWrite[] {
  return runChunk(tokens, memories, options, []).writes;
}

/**
 * The same with what was subtracted, measured while it is in a cache: as of `Measurement` `write`, all memories together,
 * [4], where the kernel does that. Not differentiable. @param bases what the new weights are compared to
 */
export function measuredChunk(
  tokens: ChunkTokens,
  memories: readonly Weights[],
  options: Omit<ChunkOptions, 'subtracted'>,
  bases: readonly Weights[],
): { writes: FusedWrite[]; measured?: tf.Tensor1D } {
  const { writes, rest } = runChunk(tokens, memories, { ...options, subtracted: true }, bases);
  return { writes, measured: rest[0] as tf.Tensor1D | undefined };
}

function runChunk(
  { k, v, eta, logAlpha, q }: ChunkTokens,
  memories: readonly Weights[],
  options: ChunkOptions,
  bases: readonly Weights[],
): { writes: FusedWrite[]; rest: tf.Tensor[] } {
  const weights = [...memories, ...bases].flatMap(({ w1, w2 }) => [w1, w2]);
  const inputs = [k, v, eta, logAlpha, ...(q ? [q] : []), ...weights];
  const flags = { queries: q !== undefined, measured: bases.length > 0 };
  const attributes: ChunkAttributes = { ...options, ...flags, memories: memories.length };
  const outputs = tf
    .engine()
    .runKernel('HopeChunk', inputs as never, attributes as never) as unknown as tf.Tensor3D[];
  const each = outputsEach(attributes);
  const writes = memories.map((_, i) => {
    const [w1, w2, surprise, ...rest] = outputs.slice(each * i, each * (i + 1));
    const subtracted = options.subtracted ? { w1: rest[0], w2: rest[1] } : undefined;
    return { weights: { w1, w2 }, surprise, subtracted, read: q && rest.at(-1) };
  });
  return { writes, rest: outputs.slice(each * memories.length) };
}

function outputsEach({ subtracted, queries }: ChunkAttributes): number {
  return 3 + (subtracted ? 2 : 0) + (queries ? 1 : 0);
}

tf.registerGradient({
  kernelName: 'HopeChunk',
  saveAllInputs: true,
  gradFunc: (dys, inputs, attrs) => {
    const attributes = attrs as unknown as ChunkAttributes;
    const each = outputsEach(attributes);
    const upstream = Array.from({ length: attributes.memories }, (_, i) => {
      const mine = (dys as tf.Tensor[]).slice(each * i, each * (i + 1));
      return attributes.queries ? [mine[0], mine[1], mine[each - 1]] : [mine[0], mine[1]];
    });
    let made: tf.Tensor[] | undefined;
    const part = (i: number) => () => {
      made ??= tf
        .engine()
        .runKernel('HopeChunkGrad', [...inputs, ...upstream.flat()] as never, attrs) as tf.Tensor[];
      return made[i];
    };
    return Object.fromEntries(inputs.map((_, i) => [i, part(i)]));
  },
});
