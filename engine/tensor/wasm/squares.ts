import { type KernelConfig, type TensorInfo, util } from '#tfjs';
import type { HostBackend } from './hostBackend.ts';
import type { KernelModule } from './kernelModule.ts';
import { ourKernel } from './ourKernel.ts';

/**
 * Σ (x − y)² over the tensors of each group, [groups]: inputs are the x, group after group and as many in each, then
 * as many y or none.
 */
function squaresKernel({ kernels }: KernelModule, backend: HostBackend): KernelConfig {
  return ourKernel<TensorInfo[], { groups: number; pairs: boolean }>(
    'HopeSquares',
    ({ inputs, attributes: { groups, pairs }, make, at }) => {
      const count = pairs ? inputs.length / 2 : inputs.length;
      const each = count / groups;
      const sums = new Float32Array(groups);
      for (let group = 0; group < groups; group++) {
        let sum = 0;
        for (let i = group * each; i < (group + 1) * each; i++) {
          const y = pairs ? at(inputs[count + i]) : 0;
          sum += kernels.squaredDistance(at(inputs[i]), y, util.sizeFromShape(inputs[i].shape));
        }
        sums[group] = sum;
      }
      const out = make([groups]);
      (backend.typedArrayFromHeap(out) as Float32Array).set(sums);
      return out;
    },
  );
}

/** 1 if every number of every input is finite, else 0. */
function finiteKernel({ kernels }: KernelModule, backend: HostBackend): KernelConfig {
  return ourKernel<TensorInfo[]>('HopeFinite', ({ inputs, make, at }) => {
    const finite = inputs.every(x => kernels.allFinite(at(x), util.sizeFromShape(x.shape)));
    const out = make([]);
    (backend.typedArrayFromHeap(out) as Float32Array)[0] = finite ? 1 : 0;
    return out;
  });
}

/** Measurements of many tensors at once. */
export function squaresKernels(module: KernelModule, backend: HostBackend): KernelConfig[] {
  return [squaresKernel(module, backend), finiteKernel(module, backend)];
}
