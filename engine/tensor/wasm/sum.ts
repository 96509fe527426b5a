import { getKernel, type KernelConfig, type TensorInfo, util } from '#tfjs';
import { addressOf, type HostBackend } from './hostBackend.ts';
import type { KernelModule } from './kernelModule.ts';

function product(shape: number[], from: number, to: number): number {
  let all = 1;
  for (let axis = from; axis < to; axis++) all *= shape[axis];
  return all;
}

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
      const axes = util.parseAxisParam(axis, x.shape);
      const first = Math.min(x.shape.length, ...axes);
      const end = first + axes.length;
      if (x.dtype !== 'float32' || !axes.every(each => each < end)) return stock(call);
      const shape = x.shape.slice(0, first);
      if (keepDims) for (let i = first; i < end; i++) shape.push(1);
      shape.push(...x.shape.slice(end));
      const out = backend.makeOutput(shape, 'float32');
      kernels.sum(
        addressOf(backend, x),
        addressOf(backend, out),
        product(x.shape, 0, first),
        product(x.shape, first, end),
        product(x.shape, end, x.shape.length),
      );
      return out;
    },
  };
}
