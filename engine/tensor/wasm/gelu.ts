import { type KernelConfig, type TensorInfo, util } from '#tfjs';
import { addressOf, type HostBackend } from './hostBackend.ts';
import type { KernelModule, Kernels } from './kernelModule.ts';

type Elementwise = Kernels['gelu'];

function elementwise(kernelName: string, run: Elementwise): KernelConfig {
  return {
    kernelName,
    backendName: 'wasm',
    kernelFunc: args => {
      const x = args.inputs.x as TensorInfo;
      const backend = args.backend as HostBackend;
      if (x.dtype !== 'float32')
        throw new Error(`${kernelName} of ${x.dtype} [${x.shape}]: cast to float32 first.`);
      const out = backend.makeOutput(x.shape, 'float32');
      run(addressOf(backend, x), addressOf(backend, out), util.sizeFromShape(x.shape));
      return out;
    },
  };
}

/** Exact GELU and its first two derivatives, element by element. */
export function geluKernels({ kernels }: KernelModule): KernelConfig[] {
  return [
    elementwise('HopeGelu', kernels.gelu),
    elementwise('HopeGeluGrad', kernels.geluDerivative),
    elementwise('HopeGeluGrad2', kernels.geluSecondDerivative),
  ];
}
