import { type KernelConfig, type TensorInfo, util } from '#tfjs';
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
