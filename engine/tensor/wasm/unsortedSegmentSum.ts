import { type KernelConfig, type TensorInfo, util } from '#tfjs';
import { addressOf, type HostBackend } from './hostBackend.ts';
import type { KernelModule } from './kernelModule.ts';

interface Arguments {
  inputs: { x: TensorInfo; segmentIds: TensorInfo };
  attrs: { numSegments: number };
  backend: HostBackend;
}

/**
 * Sums the rows of x [N, ..] that share an id into [numSegments, ..]: the gradient of gather, which the library's
 * wasm backend lacks. Ids [N] are int32; a row whose id is out of range is left out.
 */
export function unsortedSegmentSumKernel({ kernels }: KernelModule): KernelConfig {
  return {
    kernelName: 'UnsortedSegmentSum',
    backendName: 'wasm',
    kernelFunc: args => {
      const { inputs, attrs, backend } = args as unknown as Arguments;
      const { x, segmentIds } = inputs;
      if (x.dtype !== 'float32' || segmentIds.dtype !== 'int32' || segmentIds.shape.length !== 1) {
        throw new Error(
          `Segment sum of ${x.dtype} [${x.shape}] by ${segmentIds.dtype} [${segmentIds.shape}]: ` +
            'values must be float32 and ids an int32 vector.',
        );
      }
      const [rows, ...row] = x.shape;
      const out = backend.makeOutput([attrs.numSegments, ...row], 'float32');
      kernels.unsortedSegmentSum(
        addressOf(backend, x),
        addressOf(backend, segmentIds),
        addressOf(backend, out),
        rows,
        util.sizeFromShape(row),
        attrs.numSegments,
      );
      return out;
    },
  };
}
