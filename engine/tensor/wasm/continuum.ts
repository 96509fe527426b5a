import type { KernelConfig, TensorInfo } from '#tfjs';
import { share } from './identity.ts';
import type { KernelModule, Kernels } from './kernelModule.ts';
import { type KernelCall, ourKernel } from './ourKernel.ts';

type Inputs = Record<string, TensorInfo>;
type Call<I> = KernelCall<I, { epsilon: number }>;

/** Outputs of x, the level's weights and working memory: the result, the norm's statistics and what goes into σ. */
function forward(
  { kernels, workspace }: KernelModule,
  [x, weight, bias, expand, expandBias, contract, contractBias]: readonly TensorInfo[],
  { attributes, make, at }: Pick<Call<unknown>, 'attributes' | 'make' | 'at'>,
): TensorInfo[] {
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
}

/** Runs one of the two gradients; `into` are dx and those of norm, E, e, C and c. */
function backward(
  run: Kernels['continuumGradientSum'],
  { kernels, workspace }: KernelModule,
  { x, weight, bias, expand, contract, means, scales, pre, dy }: Inputs,
  into: readonly TensorInfo[],
  { attributes, at }: Pick<Call<unknown>, 'attributes' | 'at'>,
): void {
  const [rows, width] = x.shape;
  const [hidden] = expand.shape;
  const work = workspace(kernels.continuumBytes(rows, width, hidden));
  const [dx, dWeight, dBias, dExpand, dExpandBias, dContract, dContractBias] = into.map(at);
  run(
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
}

/** One level of the continuum memory system and its gradient, also where the gradient is added to open sums. */
export function continuumKernels(module: KernelModule): KernelConfig[] {
  const { kernels } = module;
  return [
    { kernelName: 'HopeTap', backendName: 'wasm', kernelFunc: share },
    ourKernel<Inputs, { epsilon: number }>('HopeContinuum', call => {
      const { x, weight, bias, expand, expandBias, contract, contractBias } = call.inputs;
      return forward(module, [x, weight, bias, expand, expandBias, contract, contractBias], call);
    }),
    ourKernel<Inputs, { epsilon: number }>('HopeContinuumGrad', call => {
      const { x, expand } = call.inputs;
      const [rows, width] = x.shape;
      const [hidden] = expand.shape;
      const shapes = [[rows, width], [width], [width], [hidden, width], [hidden], [width, hidden], [width]];
      const made = shapes.map(call.make);
      backward((...given) => kernels.continuumGradient(...given, false), module, call.inputs, made, call);
      return made;
    }),
    ourKernel<TensorInfo[], { epsilon: number }>('HopeContinuumSum', call =>
      forward(module, call.inputs, call),
    ),
    ourKernel<TensorInfo[], { epsilon: number; place: number }>('HopeContinuumSumGrad', call => {
      const { make, at, attributes } = call;
      const [dy, means, scales, pre, x, weight, bias, expand, , contract, , ...rest] = call.inputs;
      const sums = rest.slice(0, 6);
      const taps = rest.at(6);
      const dx = make(x.shape);
      const inputs = { x, weight, bias, expand, contract, means, scales, pre, dy };
      backward(kernels.continuumGradientSum, module, inputs, [dx, ...sums], call);
      if (taps) {
        const bytes = 4 * x.shape[0] * x.shape[1];
        kernels.copyBlocks(at(dy), bytes, at(taps) + attributes.place * bytes, bytes, bytes, 1);
      }
      return dx;
    }),
    ourKernel<TensorInfo[], { place: number }>(
      'HopeTapGrad',
      ({ inputs: [dy, taps], attributes, make, at }) => {
        const bytes = 4 * dy.shape[0] * dy.shape[1];
        const out = make(dy.shape);
        kernels.copyBlocks(at(dy), bytes, at(taps) + attributes.place * bytes, bytes, bytes, 1);
        kernels.copyBlocks(at(dy), bytes, at(out), bytes, bytes, 1);
        return out;
      },
    ),
  ];
}
