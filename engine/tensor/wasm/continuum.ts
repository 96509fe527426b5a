import type { KernelConfig, TensorInfo } from '#tfjs';
import type { KernelModule } from './kernelModule.ts';
import { ourKernel } from './ourKernel.ts';

type Inputs = Record<string, TensorInfo>;

/** One level of the continuum memory system and its gradient. */
export function continuumKernels({ kernels, workspace }: KernelModule): KernelConfig[] {
  return [
    ourKernel<Inputs, { epsilon: number }>('HopeContinuum', ({ inputs, attributes, make, at }) => {
      const { x, weight, bias, expand, expandBias, contract, contractBias } = inputs;
      const [rows, width] = x.shape;
      const [hidden] = expand.shape;
      const made = [make(x.shape), make([rows]), make([rows]), make([rows, hidden])];
      const work = workspace(kernels.continuumBytes(rows, width, hidden));
      const [out, means, scales, pre] = made.map(at);
      kernels.continuum(
        at(x),
        at(weight),
        at(bias),
        at(expand),
        at(expandBias),
        at(contract),
        at(contractBias),
        out,
        means,
        scales,
        pre,
        rows,
        width,
        hidden,
        attributes.epsilon,
        work,
      );
      return made;
    }),
    ourKernel<Inputs, { epsilon: number }>('HopeContinuumGrad', ({ inputs, attributes, make, at }) => {
      const { x, weight, bias, expand, contract, means, scales, pre, dy } = inputs;
      const [rows, width] = x.shape;
      const [hidden] = expand.shape;
      const shapes = [[rows, width], [width], [width], [hidden, width], [hidden], [width, hidden], [width]];
      const made = shapes.map(make);
      const work = workspace(kernels.continuumBytes(rows, width, hidden));
      const [dx, dWeight, dBias, dExpand, dExpandBias, dContract, dContractBias] = made.map(at);
      kernels.continuumGradient(
        at(x),
        at(weight),
        at(bias),
        at(expand),
        at(contract),
        at(means),
        at(scales),
        at(pre),
        at(dy),
        dx,
        dWeight,
        dBias,
        dExpand,
        dExpandBias,
        dContract,
        dContractBias,
        rows,
        width,
        hidden,
        attributes.epsilon,
        work,
      );
      return made;
    }),
  ];
}
