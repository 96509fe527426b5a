import type { KernelConfig, TensorInfo } from '#tfjs';
import { slopeOf, twiceDistribution } from './gelu.ts';
import type { Handle } from './hostBackend.ts';
import { nativeKernel } from './nativeKernel.ts';
import type { Operations } from './operations.ts';

/**
 * M(z) of rows z/√2 with what it is made of. With s = W2 z/√2 and Φ(√2 s) = (1 + erf s)/2, σ(W2 z) is h/√2 for
 * h = s (1 + erf s).
 */
export interface Answer {
  /** s, [G, C, H] */
  readonly s: Handle;
  /** 1 + erf s, [G, C, H] */
  readonly twice: Handle;
  /** h, [G, C, H] */
  readonly h: Handle;
  /** M(z), [G, C, O] */
  readonly out: Handle;
}

/** Reads rows z [G, C, D] through a memory W1 [G, O, H], W2 [G, H, D]. @param scaled z/√2 */
export function answer(op: Operations, z: Handle, scaled: Handle, w1: Handle, w2: Handle): Answer {
  const s = op.product(scaled, w2, { b: true });
  const twice = twiceDistribution(op, s);
  const h = op.multiply(s, twice);
  const mapped = op.multiply(op.product(h, w1, { b: true }), Math.SQRT1_2);
  return { s, twice, h, out: w1.shape[1] === z.shape[2] ? op.add(z, mapped) : mapped };
}

/** Outputs M(z) and s, which the gradient takes up. */
function read(op: Operations, { z, w1, w2 }: Record<string, Handle>): Handle[] {
  const { out, s } = answer(op, z, op.multiply(z, Math.SQRT1_2), w1, w2);
  return [out, s];
}

/** Outputs dz and, where `weights` asks for them, dW1 and dW2. */
function gradient(
  op: Operations,
  { z, w1, w2, pre: s, dy }: Record<string, Handle>,
  { weights }: { weights?: boolean },
): Handle[] {
  const twice = twiceDistribution(op, s);
  const scaled = op.multiply(dy, Math.SQRT1_2);
  const dS = op.multiply(op.product(scaled, w1), slopeOf(op, s, twice).steep);
  const mapped = op.multiply(op.product(dS, w2), Math.SQRT1_2);
  const dz = w1.shape[1] === z.shape[2] ? op.add(dy, mapped) : mapped;
  if (!weights) return [dz];
  const scaledRows = op.multiply(z, Math.SQRT1_2);
  const dW1 = op.product(scaled, op.multiply(s, twice), { a: true });
  return [dz, dW1, op.product(dS, scaledRows, { a: true })];
}

function kernel(kernelName: string, compute: typeof gradient): KernelConfig {
  return nativeKernel<Record<string, TensorInfo>, { weights?: boolean }>(
    kernelName,
    (op, inputs, attributes) => {
      const given = Object.entries(inputs).map(([name, tensor]) => [name, op.of(tensor)] as const);
      return compute(op, Object.fromEntries(given), attributes).map(output => op.give(output));
    },
  );
}

/** The read of a memory and its gradient as `engine/tensor/memoryRead.ts` asks for them. */
export function memoryReadKernels(): KernelConfig[] {
  return [kernel('HopeReadMemory', read), kernel('HopeReadMemoryGrad', gradient)];
}
