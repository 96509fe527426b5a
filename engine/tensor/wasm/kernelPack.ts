import { getBackend, getKernel, type KernelConfig, registerKernel, unregisterKernel } from '#tfjs';
import { batchMatMulKernel } from './batchMatMul.ts';
import { binaryKernels } from './binary.ts';
import { continuumKernels } from './continuum.ts';
import { convolutionKernels } from './convolution.ts';
import { copyKernels } from './copies.ts';
import { crossEntropyKernels } from './crossEntropy.ts';
import { cumsumKernel } from './cumsum.ts';
import { descendKernel, descendMeasuredKernel } from './descend.ts';
import { elementwiseKernels } from './elementwise.ts';
import { exchangeKernel } from './exchange.ts';
import { expandKernel } from './expand.ts';
import { generateKernel } from './generate.ts';
import type { HostBackend } from './hostBackend.ts';
import { identityKernels } from './identity.ts';
import { type KernelModule, openKernelModule } from './kernelModule.ts';
import { measureKernel } from './measure.ts';
import { memoryChunkKernels } from './memoryChunk.ts';
import { memoryReadKernels } from './memoryRead.ts';
import { newtonSchulzKernel } from './newtonSchulz.ts';
import { normKernels } from './norm.ts';
import { softmaxKernel } from './softmax.ts';
import { squaresKernels } from './squares.ts';
import { sumKernel } from './sum.ts';
import { unsortedSegmentSumKernel } from './unsortedSegmentSum.ts';

function allKernels(module: KernelModule, backend: HostBackend): KernelConfig[] {
  return [
    ...identityKernels(),
    batchMatMulKernel(module),
    unsortedSegmentSumKernel(module),
    ...elementwiseKernels(module),
    ...crossEntropyKernels(module),
    ...binaryKernels(module),
    ...copyKernels(module),
    expandKernel(module),
    exchangeKernel(module),
    ...memoryReadKernels(module),
    ...memoryChunkKernels(module),
    ...normKernels(module),
    ...continuumKernels(module),
    ...convolutionKernels(module),
    softmaxKernel(module),
    ...squaresKernels(module, backend),
    measureKernel(module, backend),
    generateKernel(module),
    descendKernel(module),
    descendMeasuredKernel(module, backend),
    newtonSchulzKernel(module),
    sumKernel(module),
    cumsumKernel(),
  ];
}

let current: KernelModule | undefined;

/** Our kernels, for what works on arrays rather than tensors; undefined while another backend is in use. */
export function currentKernels(): KernelModule | undefined {
  return getBackend() === 'wasm' ? current : undefined;
}

/** Puts our kernels in the place of the library's on the wasm backend that is open. */
export function installKernelPack(backend: HostBackend, folder?: string): void {
  const module = openKernelModule(backend, folder);
  for (const kernel of allKernels(module, backend)) {
    if (getKernel(kernel.kernelName, 'wasm')) unregisterKernel(kernel.kernelName, 'wasm');
    registerKernel(kernel);
  }
  current = module;
}
