import type { ChunkAttributes } from '../memoryChunk.ts';
import { type Chunk, prepare, type Write, writeOf } from './chunkPass.ts';
import { slopeOf } from './gelu.ts';
import type { Handle } from './hostBackend.ts';
import { answer } from './memoryRead.ts';
import type { Operations } from './operations.ts';

/** Gradients of a memory and of what its write shares with the others. */
interface Parts {
  readonly w1: Handle;
  readonly w2: Handle;
  /** Of k, v and q as rows, [G, 2C + Q, D]. */
  readonly rows: Handle;
  /** Of the system below its diagonal, [G, C, C]. */
  readonly system: Handle;
  /** Of −`keys`, [G, C, D]. */
  readonly keys: Handle;
  /** Of −`rates` and −`before`, [G, C, 1]. */
  readonly rates: Handle;
  readonly before: Handle;
  /** Of A_C, [G, 1, 1]. */
  readonly retention: Handle;
  /** What k is multiplied with for the gradient of ‖k‖, [G, C, 1]; absent where nothing is scaled down. */
  readonly keyFactor?: Handle;
}

/** What comes back to d, h and δ through the ceiling, as factors a token, and to ‖k‖; all [G, C, 1]. */
interface ThroughCeiling {
  readonly half: Handle;
  readonly h: Handle;
  readonly delta: Handle;
  readonly key: Handle;
}

/**
 * scale = (ceiling/2) / length where the ceiling is passed, length² = ‖d‖²‖h‖² + ‖δ‖²‖k‖²/2. @param minusScale what
 * comes back to −scale
 */
function throughCeiling(
  op: Operations,
  { keyNorms }: Chunk,
  { norms, scale }: Write,
  minusScale: Handle,
  ceiling: number,
): ThroughCeiling | undefined {
  if (!norms || !keyNorms || typeof scale === 'number') return undefined;
  const cube = op.multiply(op.multiply(op.square(scale), scale), 4 / ceiling ** 2);
  const passed = op.subtract(norms.length, ceiling * Math.SQRT1_2);
  const factor = op.where(op.multiply(minusScale, cube), passed);
  const by = (norm: Handle) => op.multiply(factor, op.square(norm));
  return {
    half: by(norms.h),
    h: by(norms.half),
    delta: by(keyNorms),
    key: op.multiply(by(norms.delta), 0.5),
  };
}

/** @param upstream d(new W1), d(new W2) and, if there are queries, d(read) */
function memoryGradient(
  op: Operations,
  chunk: Chunk,
  [w1, w2]: readonly Handle[],
  [dW1, dW2, dRead]: readonly (Handle | undefined)[],
  attributes: ChunkAttributes,
): Parts {
  const { counts, rows, scaledRows, before, retention, system, rates, keys } = chunk;
  const [size] = counts;
  const ofKeys = (x: Handle) => op.part(x, 1, 0, size);
  const all = answer(op, rows, scaledRows, w1, w2);
  const slopes = slopeOf(op, all.s, all.twice);
  const [s, steep, peak] = [all.s, slopes.steep, slopes.peak].map(ofKeys);
  const write = writeOf(op, chunk, w1, { all, s, steep }, attributes);
  const { h, half, surprise, back, delta, scale, gate, push, solution } = write;

  // What is subtracted from the weights makes the signs: these are gradients of −push, −h, −keys and −pull.
  const minusPush = op.product(h, dW1!, { b: true });
  const minusH = op.product(push, dW1!);
  const minusPull = op.solveLower(system, op.product(keys, dW2!, { b: true }), true);
  const rowSums = (x: Handle) => op.sums(x, [2]);
  const pushed = rowSums(op.multiply(minusPush, surprise));
  const minusScale = op.add(rowSums(op.multiply(minusPull, delta)), op.multiply(rates, pushed));
  const through = throughCeiling(op, chunk, write, minusScale, attributes.ceiling);
  const plus = (x: Handle, of: Handle, factor?: Handle) => (factor ? op.add(x, op.multiply(of, factor)) : x);

  const dDelta = plus(op.negative(op.multiply(minusPull, scale)), delta, through?.delta);
  const dBack = op.multiply(dDelta, steep);
  const direct = op.add(op.multiply(minusPush, op.multiply(gate, -2)), op.product(dBack, w1, { b: true }));
  const dHalf = plus(direct, half, through?.half);
  const dH = plus(op.negative(minusH), h, through?.h);

  // d steep / ds = 2 peak (1 − s²), and dh / ds = steep.
  const bend = op.multiply(op.multiply(peak, op.subtract(1, op.square(s))), 2);
  const fromSteep = op.multiply(op.multiply(dDelta, back), bend);
  const fromH = op.multiply(dH, steep);
  const ofKeysAlone = op.subtract(op.add(fromSteep, fromH), op.multiply(minusPull, before));

  const dOut = op.concatenate([...answersOf(op, dHalf, attributes), ...(dRead ? [dRead] : [])], 1);
  const scaledOut = op.multiply(dOut, Math.SQRT1_2);
  const dS = op.add(
    op.multiply(op.product(scaledOut, w1), slopes.steep),
    op.padRows(ofKeysAlone, rows.shape[1] - size),
  );
  const dRows = op.multiply(op.product(dS, w2), Math.SQRT1_2);
  const whole = (x: Handle, y: Handle) => op.sums(op.multiply(x, y), [1, 2]);
  return {
    w1: op.sum([
      op.multiply(dW1!, retention),
      op.product(half, dBack, { a: true }),
      op.product(scaledOut, all.h, { a: true }),
    ]),
    w2: op.add(op.multiply(dW2!, retention), op.product(dS, scaledRows, { a: true })),
    rows: w1.shape[1] === rows.shape[2] ? op.add(dRows, dOut) : dRows,
    system: op.product(minusPull, solution, { b: true }),
    keys: op.product(solution, dW2!),
    rates: op.multiply(pushed, scale),
    before: rowSums(op.multiply(minusPull, s)),
    retention: op.add(whole(dW1!, w1), whole(dW2!, w2)),
    keyFactor: through?.key,
  };
}

/** Gradients of M(k) and M(v). */
function answersOf(op: Operations, dHalf: Handle, { dotProduct }: ChunkAttributes): Handle[] {
  if (dotProduct) return [op.multiply(dHalf, 0), op.multiply(dHalf, -0.5)];
  return [dHalf, op.negative(dHalf)];
}

/** Gradients of the inputs of a write, in their order. */
export function chunkGradient(
  op: Operations,
  inputs: readonly Handle[],
  upstream: readonly Handle[],
  attributes: ChunkAttributes,
): Handle[] {
  const { memories, queries } = attributes;
  const chunk = prepare(op, inputs, attributes);
  const [each, first] = queries ? [3, 5] : [2, 4];
  const parts = Array.from({ length: memories }, (_, i) => {
    const mine = upstream.slice(each * i, each * (i + 1));
    return memoryGradient(op, chunk, inputs.slice(first + 2 * i), mine, attributes);
  });
  const total = (name: Exclude<keyof Parts, 'keyFactor'>) => op.sum(parts.map(part => part[name]));
  const [dK, dV, dQ] = op.split(total('rows'), 1, chunk.counts);
  const shared = sharedGradient(op, chunk, {
    ...{ system: total('system'), keys: total('keys'), rates: total('rates') },
    ...{ before: total('before'), retention: total('retention') },
  });
  const factors = parts.flatMap(({ keyFactor }) => keyFactor ?? []);
  const throughNorm = factors.length ? [op.multiply(chunk.k, op.sum(factors))] : [];
  const gates = inputs[2].shape;
  return [
    op.sum([dK, ...shared.k, ...throughNorm]),
    dV,
    op.reshape(shared.eta, gates),
    op.reshape(shared.logAlpha, gates),
    ...(queries ? [dQ] : []),
    ...parts.flatMap(({ w1, w2 }) => [w1, w2]),
  ];
}

/** What comes back to the keys, in parts, and to the gates, [G, C, 1], through what the memories share. */
function sharedGradient(
  op: Operations,
  { k, rate, ratedKeys, overlap, ratio, after, rates, before, retention }: Chunk,
  sums: Pick<Parts, 'system' | 'keys' | 'rates' | 'before' | 'retention'>,
): { k: Handle[]; eta: Handle; logAlpha: Handle } {
  const rowSums = (x: Handle) => op.sums(x, [2]);
  const dOverlap = op.multiply(op.belowDiagonal(sums.system), op.lowerPart(ratio));
  const logRatio = op.multiply(dOverlap, overlap);
  const dRatedKeys = op.product(dOverlap, k, { a: true });
  // keys = √2 rates k, and both are subtracted.
  const ofKeys = op.multiply(sums.keys, Math.SQRT2);
  const minusRates = op.add(sums.rates, rowSums(op.multiply(ofKeys, k)));
  const logAfter = op.negative(op.multiply(minusRates, rates));
  const logBefore = op.negative(op.multiply(sums.before, before));
  // A ratio A_{t−1}/A_s has log α of the tokens between: sums of differences would leave rounding of what cancels.
  const between = op.belowDiagonal(op.runningSums(logRatio, 2, { without: true }));
  return {
    k: [
      op.product(dOverlap, ratedKeys),
      op.multiply(dRatedKeys, rate),
      op.negative(op.multiply(ofKeys, rates)),
    ],
    eta: op.subtract(rowSums(op.multiply(dRatedKeys, k)), op.multiply(minusRates, after)),
    logAlpha: op.add(
      op.sum([
        op.reshape(op.sums(between, [1]), after.shape),
        op.runningSums(logAfter, 1, { without: true }),
        op.runningSums(logBefore, 1, { without: true, fromEnd: true }),
      ]),
      op.multiply(sums.retention, retention),
    ),
  };
}
