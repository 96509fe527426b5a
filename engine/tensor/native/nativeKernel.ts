import type { KernelConfig, TensorInfo } from '#tfjs';
import type { HostBackend } from './hostBackend.ts';
import { Operations } from './operations.ts';

/** A kernel of the native backend; what its operations make and do not give away is freed, also where one of them fails. */
export function nativeKernel<Inputs, Attributes = object>(
  kernelName: string,
  compute: (op: Operations, inputs: Inputs, attributes: Attributes) => TensorInfo | TensorInfo[],
): KernelConfig {
  return {
    kernelName,
    backendName: 'tensorflow',
    kernelFunc: ({ inputs, attrs, backend }) => {
      const op = new Operations(backend as HostBackend);
      try {
        return compute(op, inputs as Inputs, (attrs ?? {}) as Attributes);
      } finally {
        op.end();
      }
    },
  };
}
