import { type KernelConfig, type TensorInfo, util } from '#tfjs';
import type { HostBackend } from './hostBackend.ts';
import type { KernelModule } from './kernelModule.ts';
import { ourKernel } from './ourKernel.ts';

/** θ − rate·g for many tensors at once: inputs are the θ, then as many g. */
export function descendKernel({ kernels }: KernelModule): KernelConfig {
  return ourKernel<TensorInfo[], { rate: number }>('HopeDescend', ({ inputs, attributes, make, at }) => {
    const count = inputs.length / 2;
    return inputs.slice(0, count).map((theta, i) => {
      const out = make(theta.shape);
      const size = util.sizeFromShape(theta.shape);
      kernels.combine(1, at(theta), -attributes.rate, at(inputs[count + i]), at(out), size);
      return out;
    });
  });
}

/**
 * The same, measured on the way: inputs are the θ, as many g and as many tensors that the new ones are compared to. The
 * last output has Σ g², 0, Σ θ′² and Σ (θ′ − base)² of each group, which `groups` tells of each tensor.
 */
export function descendMeasuredKernel(
  { kernels, workspace, doubles }: KernelModule,
  backend: HostBackend,
): KernelConfig {
  return ourKernel<TensorInfo[], { rate: number; groups: readonly number[] }>(
    'HopeDescendMeasured',
    ({ inputs, attributes: { rate, groups }, make, at }) => {
      const count = inputs.length / 3;
      const numbers = 4 * (1 + Math.max(...groups));
      const outs = inputs.slice(0, count).map(({ shape }) => make(shape));
      const measured = make([numbers]);
      // Memory may have grown by now; nothing is made after this.
      const sums = workspace(8 * (numbers + 4));
      doubles(sums, numbers).fill(0);
      outs.forEach((out, i) => {
        const [theta, error, base] = [inputs[i], inputs[count + i], inputs[2 * count + i]];
        const group = sums + 32 * groups[i];
        const size = util.sizeFromShape(out.shape);
        kernels.descendMeasured(
          at(theta),
          at(error),
          rate,
          at(out),
          at(base),
          group,
          sums + 8 * numbers,
          size,
        );
      });
      (backend.typedArrayFromHeap(measured) as Float32Array).set(doubles(sums, numbers));
      return [...outs, measured];
    },
  );
}
