import type { KernelConfig, TensorInfo } from '#tfjs';
import type { Handle } from './hostBackend.ts';
import { nativeKernel } from './nativeKernel.ts';
import type { Operations } from './operations.ts';

function elementwise(kernelName: string, compute: (op: Operations, x: Handle) => Handle): KernelConfig {
  return nativeKernel<{ x: TensorInfo }>(kernelName, (op, { x }) => op.give(compute(op, op.of(x))));
}

/** 1 + erf s, which is 2 Φ(√2 s). */
export function twiceDistribution(op: Operations, s: Handle): Handle {
  return op.add(op.errorFunction(s), 1);
}

/** `factor` e^{−s²}, which is 0 where the exponential of s² overflows. */
export function bell(op: Operations, s: Handle, factor: number): Handle {
  return op.divide(factor, op.exponential(op.square(s)));
}

/** 1 + erf s + 2/√π s e^{−s²}, twice the slope of σ, and its last factor. */
export function slopeOf(op: Operations, s: Handle, twice: Handle): { steep: Handle; peak: Handle } {
  const peak = bell(op, s, 2 / Math.sqrt(Math.PI));
  return { steep: op.add(twice, op.multiply(s, peak)), peak };
}

/** GELU and its derivatives of x = √2 s: √½ s (1 + erf s), ½ (1 + erf s) + π^{−½} s e^{−s²}, √(2/π) e^{−s²} (1 − s²). */
export function geluKernels(): KernelConfig[] {
  return [
    elementwise('HopeGelu', (op, x) => {
      const half = op.multiply(x, 0.5);
      return op.multiply(half, twiceDistribution(op, op.multiply(x, Math.SQRT1_2)));
    }),
    elementwise('HopeGeluGrad', (op, x) => {
      const s = op.multiply(x, Math.SQRT1_2);
      const slope = op.multiply(s, bell(op, s, Math.PI ** -0.5));
      return op.add(op.multiply(twiceDistribution(op, s), 0.5), slope);
    }),
    elementwise('HopeGeluGrad2', (op, x) => {
      const s = op.multiply(x, Math.SQRT1_2);
      return op.multiply(bell(op, s, Math.sqrt(2 / Math.PI)), op.subtract(1, op.square(s)));
    }),
  ];
}
