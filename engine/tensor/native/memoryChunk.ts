import type { KernelConfig, TensorInfo } from '#tfjs';
import type { ChunkAttributes } from '../memoryChunk.ts';
import { bell } from './gelu.ts';
import type { Handle, HostBackend } from './hostBackend.ts';
import { type Answer, answer } from './memoryRead.ts';
import { Operations } from './operations.ts';

/** What a chunk's tokens fix for every memory that they write, with A_t = Π_{s≤t} α_s. */
interface Chunk {
  /** How many keys, values and queries there are. */
  readonly counts: readonly number[];
  /** k, v and q as rows of one matrix, [G, 2C + Q, D], and the same over √2. */
  readonly rows: Handle;
  readonly scaledRows: Handle;
  /** ‖k_t‖/√2, [G, C, 1]; absent where nothing is scaled down */
  readonly keyNorms?: Handle;
  /** A_{t−1}, [G, C, 1] */
  readonly before: Handle;
  /** A_C, [G, 1, 1] */
  readonly retention: Handle;
  /** I + (A_{t−1}/A_s) η_s (k_t·k_s) for s < t, [G, C, C]; above the diagonal it means nothing. */
  readonly system: Handle;
  /** (A_C/A_t) η_t, [G, C, 1] */
  readonly rates: Handle;
  /** √2 (A_C/A_t) η_t k_t, [G, C, D] */
  readonly keys: Handle;
}

function prepare(op: Operations, inputs: readonly Handle[], { queries, ceiling }: ChunkAttributes): Chunk {
  const [k, v, eta, logAlpha] = inputs;
  const [groups, size] = k.shape;
  const tokens = queries ? [k, v, inputs[4]] : [k, v];
  const rows = op.concatenate(tokens, 1);
  const step = op.expand(logAlpha, 2);
  const logA = op.runningSums(step, 1);
  const logBefore = op.subtract(logA, step);
  const logEnd = op.part(logA, 1, size - 1, 1);
  const rate = op.expand(eta, 2);
  const rates = op.multiply(rate, op.exponential(op.subtract(logEnd, logA)));
  // Above the diagonal the ratio may overflow to infinity.
  const ratio = op.exponential(op.subtract(logBefore, op.reshape(logA, [groups, 1, size])));
  const overlap = op.multiply(op.product(k, op.multiply(k, rate), { b: true }), ratio);
  return {
    counts: tokens.map(({ shape }) => shape[1]),
    rows,
    scaledRows: op.multiply(rows, Math.SQRT1_2),
    keyNorms: Number.isFinite(ceiling) ? op.multiply(op.rowNorms(k), Math.SQRT1_2) : undefined,
    before: op.exponential(logBefore),
    retention: op.exponential(logEnd),
    system: op.withUnitDiagonal(overlap),
    rates,
    keys: op.multiply(k, op.multiply(rates, Math.SQRT2)),
  };
}

interface Written {
  readonly w1: Handle;
  readonly w2: Handle;
  readonly taken1: Handle;
  readonly taken2: Handle;
  readonly surprise: Handle;
  readonly read?: Handle;
}

/**
 * The write of one memory. In the terms of `Answer`, with d = M(k) − M(v) or −M(v)/2 and so ∇_y ℓ = 2 d,
 *
 *   δ = (W1ᵀ d) (1 + erf s + 2/√π s e^{−s²}),   system · w = A_{t−1} s + c δ/√2,   u = √2 η w,
 *
 * c = 1 or what the gradient is scaled down by. W1 and W2 lose Σ (A_C/A_t) η (c/√2) (2 d) hᵀ and Σ w keysᵀ.
 */
function write(op: Operations, chunk: Chunk, w1: Handle, w2: Handle, options: ChunkAttributes): Written {
  const { counts, rows, scaledRows, before, retention, system, rates, keys } = chunk;
  const all = answer(op, rows, scaledRows, w1, w2);
  const ofKeys = (x: Handle) => op.part(x, 1, 0, counts[0]);
  const [s, twice, h] = [ofKeys(all.s), ofKeys(all.twice), ofKeys(all.h)];
  const [got, wanted, read] = op.split(all.out, 1, counts);
  const half = options.dotProduct ? op.multiply(wanted, -0.5) : op.subtract(got, wanted);
  const surprise = op.multiply(half, 2);
  const slope = op.multiply(s, bell(op, s, 2 / Math.sqrt(Math.PI)));
  const delta = op.multiply(op.product(half, w1), op.add(twice, slope));
  const scale = scaleOf(op, chunk, { half, h, delta }, options.ceiling);
  const pull = op.add(op.multiply(before, s), op.multiply(delta, scale));
  const push = op.multiply(surprise, op.multiply(rates, scale));
  const taken1 = op.product(push, h, { a: true });
  const taken2 = op.product(op.solveLower(system, pull), keys, { a: true });
  return {
    w1: op.subtract(op.multiply(w1, retention), taken1),
    w2: op.subtract(op.multiply(w2, retention), taken2),
    taken1,
    taken2,
    surprise,
    read,
  };
}

/** c/√2, c = min(1, ceiling / ‖∇ℓ_t‖) a token, [G, C, 1]; ∇ℓ_t = (2 d (h/√2)ᵀ, δ kᵀ), so its norm is √2 `length`. */
function scaleOf(
  op: Operations,
  { keyNorms }: Chunk,
  { half, h, delta }: { half: Handle; delta: Handle } & Pick<Answer, 'h'>,
  ceiling: number,
): Handle | number {
  if (!keyNorms) return Math.SQRT1_2;
  const first = op.multiply(op.rowNorms(half), op.rowNorms(h));
  const second = op.multiply(op.rowNorms(delta), keyNorms);
  const length = op.rowNorms(op.concatenate([first, second], 2));
  return op.divide(ceiling / 2, op.maximum(length, ceiling * Math.SQRT1_2));
}

/** The write of a chunk to memories as `engine/tensor/memoryChunk.ts` asks for it. It has no gradient. */
export function memoryChunkKernel(): KernelConfig {
  return {
    kernelName: 'HopeChunk',
    backendName: 'tensorflow',
    kernelFunc: ({ inputs, attrs, backend }) => {
      const attributes = attrs as unknown as ChunkAttributes;
      const op = new Operations(backend as HostBackend);
      try {
        const given = (inputs as unknown as TensorInfo[]).map(tensor => op.of(tensor));
        const weights = given.slice(attributes.queries ? 5 : 4);
        const chunk = prepare(op, given, attributes);
        const outputs: Handle[] = [];
        for (let i = 0; i < attributes.memories; i++) {
          const written = write(op, chunk, weights[2 * i], weights[2 * i + 1], attributes);
          outputs.push(written.w1, written.w2, written.surprise);
          if (attributes.subtracted) outputs.push(written.taken1, written.taken2);
          if (written.read) outputs.push(written.read);
        }
        return outputs.map(output => op.give(output));
      } finally {
        op.end();
      }
    },
  };
}
