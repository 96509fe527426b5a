import type { KernelConfig, TensorInfo } from '#tfjs';
import type { KernelModule } from './kernelModule.ts';
import { ourKernel } from './ourKernel.ts';

type Inputs = Record<string, TensorInfo>;

/** Layer norm of x [N, D]: outputs the result and each row's mean and 1/√(variance + ε); and its gradient. */
function layerNormKernels({ kernels }: KernelModule): KernelConfig[] {
  return [
    ourKernel<Inputs, { epsilon: number }>('HopeLayerNorm', ({ inputs, attributes, make, at }) => {
      const { x, weight, bias } = inputs;
      const [rows, width] = x.shape;
      const made = [make(x.shape), make([rows]), make([rows])];
      const [out, means, scales] = made.map(at);
      const { epsilon } = attributes;
      kernels.layerNorm(at(x), at(weight), at(bias), out, means, scales, rows, width, epsilon);
      return made;
    }),
    ourKernel('HopeLayerNormGrad', ({ inputs: { x, weight, means, scales, dy }, make, at }) => {
      const [rows, width] = x.shape;
      const made = [make(x.shape), make([width]), make([width])];
      const [dx, dWeight, dBias] = made.map(at);
      kernels.layerNormGradient(
        at(x),
        at(weight),
        at(means),
        at(scales),
        at(dy),
        dx,
        dWeight,
        dBias,
        rows,
        width,
      );
      return made;
    }),
  ];
}

/** x·weight/√(Σ x²·share + ε) along the last axis, the weight left out if there is none; and its gradient. */
function rmsNormKernels({ kernels }: KernelModule): KernelConfig[] {
  const rowsOf = ({ shape }: TensorInfo) => {
    const width = shape[shape.length - 1];
    return { width, rows: shape.slice(0, -1).reduce((count, size) => count * size, 1) };
  };
  return [
    ourKernel<TensorInfo[], { share: number; epsilon: number }>(
      'HopeRmsNorm',
      ({ inputs: [x, weight], attributes: { share, epsilon }, make, at }) => {
        const { rows, width } = rowsOf(x);
        const out = make(x.shape);
        kernels.rmsNorm(at(x), at(weight), at(out), rows, width, share, epsilon);
        return out;
      },
    ),
    ourKernel<TensorInfo[], { share: number; epsilon: number }>(
      'HopeRmsNormGrad',
      ({ inputs: [dy, x, weight], attributes: { share, epsilon }, make, at }) => {
        const { rows, width } = rowsOf(x);
        const made = weight ? [make(x.shape), make(weight.shape)] : [make(x.shape)];
        const [dx, dWeight = 0] = made.map(at);
        kernels.rmsNormGradient(at(x), at(weight), at(dy), dx, dWeight, rows, width, share, epsilon);
        return made;
      },
    ),
  ];
}

/** Norms over the last axis, each with its gradient. */
export function normKernels(module: KernelModule): KernelConfig[] {
  return [...layerNormKernels(module), ...rmsNormKernels(module)];
}
