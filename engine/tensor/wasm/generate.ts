import type { KernelConfig, TensorInfo } from '#tfjs';
import type { GateOptions } from '../generate.ts';
import type { KernelModule } from './kernelModule.ts';
import { ourKernel } from './ourKernel.ts';

/** What is added to Σ x² before the root when a key is normalised, as in `l2Normalize`. */
const smallestSquare = 1e-12;

/** Keys, values and gates of x [G, C, D] from four memories. */
export function generateKernel({ kernels, workspace }: KernelModule): KernelConfig {
  return ourKernel<TensorInfo[], GateOptions>('HopeGenerate', ({ inputs, attributes, make, at }) => {
    const [x, ...weights] = inputs;
    const [groups, tokens, width] = x.shape;
    const count = groups * tokens;
    const made = [make(x.shape), make(x.shape), make([groups, tokens]), make([groups, tokens])];
    const hidden = Math.max(...weights.map(({ shape }) => shape[2]));
    const bytes = kernels.readBytes(tokens, hidden);
    const work = workspace(bytes + 4 * count * hidden);
    made.forEach((out, i) => {
      const [w1, w2] = weights.slice(2 * i, 2 * i + 2);
      const [, outputs, inner] = w1.shape;
      const pre = work + bytes;
      kernels.readMemory(at(x), at(w1), at(w2), at(out), pre, groups, tokens, width, inner, outputs, work);
    });
    const [k, , eta, logAlpha] = made.map(at);
    const { qkNorm, etaBias, etaScale, etaCeiling, alphaBias } = attributes;
    if (qkNorm) kernels.rmsNorm(k, 0, k, count, width, 1, smallestSquare);
    kernels.learningRates(eta, count, etaBias, etaScale, etaCeiling);
    kernels.retentionLogs(logAlpha, count, alphaBias);
    return made;
  });
}
