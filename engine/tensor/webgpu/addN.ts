import { getKernel, type KernelConfig, type TensorInfo } from '#tfjs';
import type { HostBackend } from './hostBackend.ts';

/** The library's sum of tensors, a few at a time: it binds all of them at once, and a device limits their number. */
export function addNKernel(): KernelConfig {
  const stock = getKernel('AddN', 'webgpu').kernelFunc;
  return {
    kernelName: 'AddN',
    backendName: 'webgpu',
    kernelFunc: call => {
      const backend = call.backend as HostBackend;
      const most = backend.device.limits.maxStorageBuffersPerShaderStage - 1;
      const tensors = call.inputs as unknown as TensorInfo[];
      let total = stock({ ...call, inputs: tensors.slice(0, most) as never }) as TensorInfo;
      for (let at = most; at < tensors.length; at += most - 1) {
        const some = [total, ...tensors.slice(at, at + most - 1)];
        const sum = stock({ ...call, inputs: some as never }) as TensorInfo;
        backend.disposeData(total.dataId);
        total = sum;
      }
      return total;
    },
  };
}
