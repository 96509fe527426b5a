import type { KernelConfig } from '#tfjs';
import type { KernelModule } from './kernelModule.ts';
import { ourKernel } from './ourKernel.ts';

/** Causal depthwise convolution with a carried window: outputs the result and the next window; and its gradient. */
export function convolutionKernels({ kernels, workspace }: KernelModule): KernelConfig[] {
  return [
    ourKernel('HopeConvolution', ({ inputs: { x, weight, tail, since }, make, at }) => {
      const [batch, tokens, width] = x.shape;
      const taps = weight.shape[2];
      const made = [make(x.shape), make(tail.shape)];
      const work = workspace(kernels.convolutionBytes(width, taps));
      const [out, next] = made.map(at);
      const [xAt, weightAt, tailAt, sinceAt] = [x, weight, tail, since].map(at);
      kernels.convolution(xAt, weightAt, tailAt, sinceAt, out, next, batch, tokens, width, taps, work);
      return made;
    }),
    ourKernel('HopeConvolutionGrad', ({ inputs: { x, weight, tail, since, dOut, dTail }, make, at }) => {
      const [batch, tokens, width] = x.shape;
      const taps = weight.shape[2];
      const made = [make(x.shape), make(weight.shape), make(tail.shape)];
      const work = workspace(kernels.convolutionBytes(width, taps));
      kernels.convolutionGradient(
        at(x),
        at(weight),
        at(tail),
        at(since),
        at(dOut),
        at(dTail),
        at(made[0]),
        at(made[1]),
        at(made[2]),
        batch,
        tokens,
        width,
        taps,
        work,
      );
      return made;
    }),
  ];
}
