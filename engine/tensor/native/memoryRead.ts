import type { KernelConfig, TensorInfo } from '#tfjs';
import { twiceDistribution } from './gelu.ts';
import type { Handle, HostBackend } from './hostBackend.ts';
import { Operations } from './operations.ts';

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

/** The read of a memory as `engine/tensor/memoryRead.ts` asks for it, without what a gradient would need. */
export function memoryReadKernel(): KernelConfig {
  return {
    kernelName: 'HopeReadMemory',
    backendName: 'tensorflow',
    kernelFunc: ({ inputs, backend }) => {
      const op = new Operations(backend as HostBackend);
      try {
        const [z, w1, w2] = ['z', 'w1', 'w2'].map(name => op.of(inputs[name] as TensorInfo));
        return [op.give(answer(op, z, op.multiply(z, Math.SQRT1_2), w1, w2).out)];
      } finally {
        op.end();
      }
    },
  };
}
