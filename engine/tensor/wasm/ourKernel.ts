import type { KernelConfig, TensorInfo } from '#tfjs';
import { addressOf, type HostBackend } from './hostBackend.ts';

/** What a kernel of our own works with. */
export interface KernelCall<Inputs, Attributes> {
  readonly inputs: Inputs;
  readonly attributes: Attributes;
  /** A new float32 tensor on the backend. */
  make(shape: readonly number[]): TensorInfo;
  /** Address of a tensor's first element; 0 for none. */
  at(tensor: TensorInfo | undefined): number;
}

/** A kernel of the wasm backend under a name that the library does not have, or in place of the library's. */
export function ourKernel<Inputs = Record<string, TensorInfo>, Attributes = Record<string, never>>(
  kernelName: string,
  run: (call: KernelCall<Inputs, Attributes>) => TensorInfo | TensorInfo[],
): KernelConfig {
  return {
    kernelName,
    backendName: 'wasm',
    kernelFunc: call => {
      const backend = call.backend as HostBackend;
      return run({
        inputs: call.inputs as unknown as Inputs,
        attributes: call.attrs as unknown as Attributes,
        make: shape => backend.makeOutput([...shape], 'float32'),
        at: tensor => (tensor ? addressOf(backend, tensor) : 0),
      });
    },
  };
}
