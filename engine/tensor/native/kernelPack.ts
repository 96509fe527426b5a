import { registerKernel } from '#tfjs';
import type { HostBackend } from './hostBackend.ts';
import { memoryChunkKernel } from './memoryChunk.ts';
import { memoryReadKernel } from './memoryRead.ts';

/**
 * Adds kernels of our own to TensorFlow's: expressions of its operations with less around each of them, for use while
 * nothing is being differentiated. A package whose inside is another goes without them.
 */
export function installKernelPack(backend: HostBackend): void {
  if (typeof backend.binding?.executeOp !== 'function') return;
  for (const kernel of [memoryChunkKernel(), memoryReadKernel()]) registerKernel(kernel);
}
