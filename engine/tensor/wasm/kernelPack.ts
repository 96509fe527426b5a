import { getKernel, type KernelConfig, registerKernel, unregisterKernel } from '#tfjs';
import { batchMatMulKernel } from './batchMatMul.ts';
import type { HostBackend } from './hostBackend.ts';
import { type KernelModule, openKernelModule } from './kernelModule.ts';
import { unsortedSegmentSumKernel } from './unsortedSegmentSum.ts';

const pack: ((module: KernelModule) => KernelConfig)[] = [batchMatMulKernel, unsortedSegmentSumKernel];

/** Puts our kernels in the place of the library's on the wasm backend that is open. */
export function installKernelPack(backend: HostBackend, folder?: string): KernelModule {
  const module = openKernelModule(backend, folder);
  for (const open of pack) {
    const kernel = open(module);
    if (getKernel(kernel.kernelName, 'wasm')) unregisterKernel(kernel.kernelName, 'wasm');
    registerKernel(kernel);
  }
  return module;
}
