import type { KernelConfig, TensorInfo } from '#tfjs';
import { collapseAxes } from './broadcast.ts';
import { addressOf, type HostBackend } from './hostBackend.ts';
import type { KernelModule } from './kernelModule.ts';

const bytesPerElement = 4;

/** Repeats a float32 tensor along its axes of size 1 to a larger shape. */
export function expandKernel({ kernels }: KernelModule): KernelConfig {
  return {
    kernelName: 'HopeExpand',
    backendName: 'wasm',
    kernelFunc: call => {
      const x = call.inputs.x as TensorInfo;
      const { shape } = call.attrs as unknown as { shape: number[] };
      const backend = call.backend as HostBackend;
      const axes = collapseAxes(x.shape, shape);
      if (!axes || x.dtype !== 'float32')
        throw new Error(`${x.dtype} [${x.shape}] does not expand to [${shape}].`);
      const out = backend.makeOutput(shape, 'float32');
      const { sizes, stepsA: steps } = axes;
      // The kernel runs over three axes; whatever lies further out is counted here.
      const outer = sizes.slice(3).reduce((count, size) => count * size, 1);
      const inner = sizes.slice(0, 3).reduce((count, size) => count * size, 1);
      const [n2 = 1, n1 = 1, n0 = 1] = sizes;
      for (let i = 0; i < outer; i++) {
        let rest = i;
        let from = addressOf(backend, x);
        for (let axis = 3; axis < sizes.length; axis++) {
          from += (rest % sizes[axis]) * steps[axis] * bytesPerElement;
          rest = Math.floor(rest / sizes[axis]);
        }
        kernels.expand(
          from,
          addressOf(backend, out) + i * inner * bytesPerElement,
          n0,
          n1,
          n2,
          (steps[2] ?? 0) * bytesPerElement,
          (steps[1] ?? 0) * bytesPerElement,
          steps[0] !== 0,
        );
      }
      return out;
    },
  };
}
