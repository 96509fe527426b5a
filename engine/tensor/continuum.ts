import { tf } from './tf.ts';

/** Weights of one level by the names of the kernel's inputs: E [H, D], C [D, H], the rest vectors. */
export interface ContinuumInputs {
  readonly weight: tf.Tensor1D;
  readonly bias: tf.Tensor1D;
  readonly expand: tf.Tensor2D;
  readonly expandBias: tf.Tensor1D;
  readonly contract: tf.Tensor2D;
  readonly contractBias: tf.Tensor1D;
}

const epsilon = 1e-5;

/**
 * x + C σ(E LN(x) + e) + c in one kernel, σ = exact GELU, ε of the norm 1e-5. @param x [N, D] @returns [N, D], or
 * undefined where the backend has no such kernel.
 */
export function fusedContinuum(x: tf.Tensor2D, weights: ContinuumInputs): tf.Tensor2D | undefined {
  if (!tf.getKernel('HopeContinuum', tf.getBackend())) return undefined;
  const [out] = tf.engine().runKernel('HopeContinuum', { x, ...weights }, { epsilon }) as tf.Tensor2D[];
  return out;
}

tf.registerGradient({
  kernelName: 'HopeContinuum',
  inputsToSave: ['x', 'weight', 'bias', 'expand', 'contract'],
  outputsToSave: [false, true, true, true],
  gradFunc: (dys, [x, weight, bias, expand, contract, means, scales, pre]) => {
    const [dy] = dys as tf.Tensor[];
    let made: tf.Tensor[] | undefined;
    const part = (i: number) => () => {
      const inputs = { x, weight, bias, expand, contract, means, scales, pre, dy };
      made ??= tf.engine().runKernel('HopeContinuumGrad', inputs, { epsilon }) as tf.Tensor[];
      return made[i];
    };
    const names = ['x', 'weight', 'bias', 'expand', 'expandBias', 'contract', 'contractBias'];
    return Object.fromEntries(names.map((name, i) => [name, part(i)]));
  },
});
