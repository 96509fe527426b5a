import { broadcast_util, getKernel, type KernelConfig, type TensorInfo, util } from '#tfjs';
import { collapseAxes } from './broadcast.ts';
import { addressOf, type HostBackend } from './hostBackend.ts';
import type { Binary, KernelModule } from './kernelModule.ts';

const bytesPerElement = 4;

/** float32 operations whose broadcast needs at most three axes; the rest is left to the library. */
function binary(kernelName: string, run: Binary): KernelConfig {
  const stock = getKernel(kernelName, 'wasm').kernelFunc;
  return {
    kernelName,
    backendName: 'wasm',
    kernelFunc: call => {
      const { a, b } = call.inputs as { a: TensorInfo; b: TensorInfo };
      const backend = call.backend as HostBackend;
      if (a.dtype !== 'float32' || b.dtype !== 'float32') return stock(call);
      if (util.arraysEqual(a.shape, b.shape)) {
        const out = backend.makeOutput(a.shape, 'float32');
        const [x, y, z] = [addressOf(backend, a), addressOf(backend, b), addressOf(backend, out)];
        run(x, y, z, 1, 1, util.sizeFromShape(a.shape), 0, 0, bytesPerElement, 0, 0, bytesPerElement);
        return out;
      }
      const axes = collapseAxes(a.shape, b.shape);
      if (!axes || axes.sizes.length > 3) return stock(call);
      const out = backend.makeOutput(broadcast_util.assertAndGetBroadcastShape(a.shape, b.shape), 'float32');
      const [n2 = 1, n1 = 1, n0 = 1] = axes.sizes;
      const [a2 = 1, a1 = 0, a0 = 0] = axes.stepsA;
      const [b2 = 1, b1 = 0, b0 = 0] = axes.stepsB;
      run(
        addressOf(backend, a),
        addressOf(backend, b),
        addressOf(backend, out),
        n0,
        n1,
        n2,
        a0 * bytesPerElement,
        a1 * bytesPerElement,
        a2 * bytesPerElement,
        b0 * bytesPerElement,
        b1 * bytesPerElement,
        b2 * bytesPerElement,
      );
      return out;
    },
  };
}

/** Sum, difference, product and quotient, element by element. */
export function binaryKernels({ kernels }: KernelModule): KernelConfig[] {
  return [
    binary('Add', kernels.add),
    binary('Sub', kernels.subtract),
    binary('Multiply', kernels.multiply),
    binary('RealDiv', kernels.divide),
  ];
}
