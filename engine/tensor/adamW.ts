import { currentKernels } from './wasm/kernelPack.ts';

/** Arrays of one length that a step changes, the gradient aside. */
export interface AdamWArrays {
  readonly weights: Float32Array;
  readonly gradient: Float32Array;
  readonly first: Float32Array;
  readonly second: Float32Array;
}

/** θ ← keep·θ − rate·m/(√v·correction + ε): what a step of AdamW comes down to with its bias corrections. */
export interface AdamWFactors {
  readonly beta1: number;
  readonly beta2: number;
  readonly keep: number;
  readonly rate: number;
  readonly correction: number;
  readonly epsilon: number;
}

// Four arrays of this many elements stay in a second-level cache between the copy there, the step and the copy back.
const block = 1 << 14;

/** One AdamW step in place by our kernel; false, and nothing done, where the backend has none. */
export function fusedAdamW(arrays: AdamWArrays, factors: AdamWFactors): boolean {
  const module = currentKernels();
  if (!module) return false;
  const { beta1, beta2, keep, rate, correction, epsilon } = factors;
  const { weights, gradient, first, second } = arrays;
  const work = module.workspace(4 * block * Float32Array.BYTES_PER_ELEMENT);
  const at = [0, 1, 2, 3].map(i => work + i * block * Float32Array.BYTES_PER_ELEMENT);
  const parts = at.map(address => module.view(address, block));
  const inputs = [weights, gradient, first, second];
  for (let from = 0; from < weights.length; from += block) {
    const count = Math.min(block, weights.length - from);
    inputs.forEach((each, i) => {
      parts[i].set(each.subarray(from, from + count));
    });
    const [w, g, m, v] = at;
    module.kernels.adamW(
      w,
      g,
      m,
      v,
      count,
      beta1,
      beta2,
      1 - beta1,
      1 - beta2,
      keep,
      rate,
      correction,
      epsilon,
    );
    for (const i of [0, 2, 3]) inputs[i].set(parts[i].subarray(0, count), from);
  }
  return true;
}
