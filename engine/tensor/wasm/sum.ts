import { getKernel, type KernelConfig, type TensorInfo, util } from '#tfjs';
import { addressOf, type HostBackend } from './hostBackend.ts';
import type { KernelModule } from './kernelModule.ts';

const product = (sizes: number[]) => sizes.reduce((all, size) => all * size, 1);

/** Sum of float32 over neighbouring axes, which the library does after a transposition; the rest is left to it. */
export function sumKernel({ kernels }: KernelModule): KernelConfig {
  const stock = getKernel('Sum', 'wasm').kernelFunc;
  return {
    kernelName: 'Sum',
    backendName: 'wasm',
    kernelFunc: call => {
      const x = call.inputs.x as TensorInfo;
      const { axis, keepDims } = call.attrs as unknown as { axis: number | number[]; keepDims: boolean };
      const backend = call.backend as HostBackend;
      const axes = util.parseAxisParam(axis, x.shape).sort((p, q) => p - q);
      const [first, last] = [axes[0] ?? 0, axes.at(-1) ?? -1];
      if (x.dtype !== 'float32' || last - first + 1 !== axes.length) return stock(call);
      const outer = x.shape.slice(0, first);
      const inner = x.shape.slice(last + 1);
      const out = backend.makeOutput(
        keepDims ? [...outer, ...axes.map(() => 1), ...inner] : [...outer, ...inner],
        'float32',
      );
      kernels.sum(
        addressOf(backend, x),
        addressOf(backend, out),
        product(outer),
        product(x.shape.slice(first, last + 1)),
        product(inner),
      );
      return out;
    },
  };
}
