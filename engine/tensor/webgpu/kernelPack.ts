import { getKernel, type KernelConfig, registerKernel, unregisterKernel } from '#tfjs';
import { addNKernel } from './addN.ts';
import { chunkWriteKernel } from './chunkWrite.ts';
import { crossEntropyKernels } from './crossEntropy.ts';
import { geluKernels } from './gelu.ts';
import { layerNormKernels } from './layerNorm.ts';
import { matMulKernel } from './matMul.ts';
import { segmentSumKernel } from './segmentSum.ts';

function allKernels(): KernelConfig[] {
  return [
    addNKernel(),
    chunkWriteKernel(),
    ...crossEntropyKernels(),
    ...geluKernels(),
    ...layerNormKernels(),
    matMulKernel(),
    segmentSumKernel(),
  ];
}

/** Adds our programs to the library's on WebGPU, and takes the place of those that vary or fail. */
export function installKernelPack(): void {
  for (const kernel of allKernels()) {
    if (getKernel(kernel.kernelName, 'webgpu')) unregisterKernel(kernel.kernelName, 'webgpu');
    registerKernel(kernel);
  }
}
