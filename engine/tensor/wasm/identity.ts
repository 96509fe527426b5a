import { getKernel, type KernelConfig, type KernelFunc, type TensorInfo } from '#tfjs';
import type { HostBackend } from './hostBackend.ts';

/** Input x itself, under another handle. */
export const share: KernelFunc = ({ inputs, backend }) => {
  const x = inputs.x as TensorInfo;
  (backend as HostBackend).incRef(x.dataId);
  return { dataId: x.dataId, shape: x.shape, dtype: x.dtype };
};

/**
 * `Identity` and same-type `Cast` that share the tensor's memory. The stock kernels copy it, and every operand
 * saved for a backward pass goes through one.
 */
export function identityKernels(): KernelConfig[] {
  const stockCast = getKernel('Cast', 'wasm').kernelFunc;
  const cast: KernelFunc = call =>
    (call.inputs.x as TensorInfo).dtype === (call.attrs as { dtype?: string }).dtype
      ? share(call)
      : stockCast(call);
  return [
    { kernelName: 'Identity', backendName: 'wasm', kernelFunc: share },
    { kernelName: 'Cast', backendName: 'wasm', kernelFunc: cast },
  ];
}
