import type { KernelConfig, TensorInfo } from '#tfjs';
import { addressOf, type HostBackend } from './hostBackend.ts';
import type { KernelModule } from './kernelModule.ts';

/** Reads memories in one call: outputs M(z) [G, C, O] and W2 z [G, C, H] from z [G, C, D]. */
function read({ kernels, each }: KernelModule): KernelConfig {
  return {
    kernelName: 'HopeReadMemory',
    backendName: 'wasm',
    kernelFunc: call => {
      const { z, w1, w2 } = call.inputs as Record<string, TensorInfo>;
      const backend = call.backend as HostBackend;
      const [groups, tokens, width] = z.shape;
      const [, outputs, hidden] = w1.shape;
      const out = backend.makeOutput([groups, tokens, outputs], 'float32');
      const pre = backend.makeOutput([groups, tokens, hidden], 'float32');
      const at = [z, w1, w2, out, pre].map(tensor => addressOf(backend, tensor));
      const operations = 2 * groups * tokens * hidden * (width + outputs);
      const numbers = [...at, tokens, width, hidden, outputs];
      each('readMemory', numbers, groups, kernels.readBytes(tokens, hidden), operations);
      return [out, pre];
    },
  };
}

/** Outputs dz and, where `weights` asks for them, dW1 and dW2. */
function gradient({ kernels, each }: KernelModule): KernelConfig {
  return {
    kernelName: 'HopeReadMemoryGrad',
    backendName: 'wasm',
    kernelFunc: call => {
      const { z, w1, w2, pre, dy } = call.inputs as Record<string, TensorInfo>;
      const { weights } = call.attrs as unknown as { weights: boolean };
      const backend = call.backend as HostBackend;
      const [groups, tokens, width] = z.shape;
      const [, outputs, hidden] = w1.shape;
      const made = (weights ? [z, w1, w2] : [z]).map(({ shape }) => backend.makeOutput(shape, 'float32'));
      const at = [z, w1, w2, pre, dy].map(tensor => addressOf(backend, tensor));
      const [dz, dW1 = 0, dW2 = 0] = made.map(tensor => addressOf(backend, tensor));
      const operations = (weights ? 4 : 2) * groups * tokens * hidden * (width + outputs);
      const numbers = [...at, dz, dW1, dW2, tokens, width, hidden, outputs];
      each('readMemoryGradient', numbers, groups, kernels.readBytes(tokens, hidden), operations);
      return made;
    },
  };
}

/** Reads of two-layer memories and their gradient. */
export function memoryReadKernels(module: KernelModule): KernelConfig[] {
  return [read(module), gradient(module)];
}
