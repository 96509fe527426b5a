import { getKernel, type KernelConfig, type TensorInfo } from '#tfjs';
import { addressOf, type HostBackend } from './hostBackend.ts';
import type { KernelModule } from './kernelModule.ts';

/** Softmax along the last axis, where the library's exponential runs one number at a time. */
export function softmaxKernel({ kernels }: KernelModule): KernelConfig {
  const stock = getKernel('Softmax', 'wasm').kernelFunc;
  return {
    kernelName: 'Softmax',
    backendName: 'wasm',
    kernelFunc: call => {
      const logits = call.inputs.logits as TensorInfo;
      const { dim } = call.attrs as unknown as { dim: number };
      const { shape } = logits;
      if (logits.dtype !== 'float32' || dim !== shape.length - 1) return stock(call);
      const backend = call.backend as HostBackend;
      const out = backend.makeOutput(shape, 'float32');
      const rows = shape.slice(0, -1).reduce((count, size) => count * size, 1);
      kernels.softmax(addressOf(backend, logits), addressOf(backend, out), rows, shape[dim]);
      return out;
    },
  };
}
