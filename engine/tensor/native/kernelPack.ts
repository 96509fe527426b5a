import { registerKernel } from '#tfjs';
import { geluKernels } from './gelu.ts';
import type { HostBackend } from './hostBackend.ts';
import { memoryChunkKernels } from './memoryChunk.ts';
import { memoryReadKernels } from './memoryRead.ts';

/**
 * Adds kernels of our own to TensorFlow's: expressions of its operations with less around each of them. A package whose inside is another goes without them.
 */
export function installKernelPack(backend: HostBackend): void {
  if (typeof backend.binding?.executeOp !== 'function') return;
  for (const kernel of [...geluKernels(), ...memoryChunkKernels(), ...memoryReadKernels()])
    registerKernel(kernel);
}
