import { getKernel, type KernelConfig, type TensorInfo, util } from '#tfjs';
import { addressOf, type HostBackend } from './hostBackend.ts';
import type { Elementwise, KernelModule } from './kernelModule.ts';

function elementwise(kernelName: string, run: Elementwise): KernelConfig {
  const stock = getKernel(kernelName, 'wasm')?.kernelFunc;
  return {
    kernelName,
    backendName: 'wasm',
    kernelFunc: call => {
      const x = call.inputs.x as TensorInfo;
      const backend = call.backend as HostBackend;
      if (x.dtype !== 'float32') {
        if (stock) return stock(call);
        throw new Error(`${kernelName} of ${x.dtype} [${x.shape}]: cast to float32 first.`);
      }
      const out = backend.makeOutput(x.shape, 'float32');
      run(addressOf(backend, x), addressOf(backend, out), util.sizeFromShape(x.shape));
      return out;
    },
  };
}

/** Functions of one number, element by element: ours, and the library's that run one number at a time. */
export function elementwiseKernels({ kernels }: KernelModule): KernelConfig[] {
  return [
    elementwise('HopeGelu', kernels.gelu),
    elementwise('HopeGeluGrad', kernels.geluDerivative),
    elementwise('HopeGeluGrad2', kernels.geluSecondDerivative),
    elementwise('HopeSilu', kernels.silu),
    elementwise('HopeSiluGrad', kernels.siluDerivative),
    elementwise('Exp', kernels.exp),
    elementwise('Sigmoid', kernels.sigmoid),
    elementwise('Tanh', kernels.tanh),
    elementwise('Softplus', kernels.softplus),
    elementwise('Sqrt', kernels.sqrt),
    elementwise('Rsqrt', kernels.rsqrt),
  ];
}
