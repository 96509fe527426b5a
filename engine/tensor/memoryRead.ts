import { isWanted } from './autodiff/wanted.ts';
import { hasKernel } from './ownKernel.ts';
import { tf } from './tf.ts';

/**
 * M(z) = z + W1 σ(W2 z) in one kernel, σ = exact GELU; without the identity where O is not D. z [G, C, D],
 * W1 [G, O, H], W2 [G, H, D]; returns [G, C, O], or undefined where the backend has no such kernel, or none of
 * its gradient that is asked for.
 */
export function fusedRead(z: tf.Tensor3D, w1: tf.Tensor3D, w2: tf.Tensor3D): tf.Tensor3D | undefined {
  if (!hasKernel('HopeReadMemory')) return undefined;
  const [out] = tf.engine().runKernel('HopeReadMemory', { z, w1, w2 }) as tf.Tensor3D[];
  return out;
}

tf.registerGradient({
  kernelName: 'HopeReadMemory',
  inputsToSave: ['z', 'w1', 'w2'],
  outputsToSave: [false, true],
  gradFunc: (dys, [z, w1, w2, pre]) => {
    const [dy] = dys as tf.Tensor[];
    const weights = isWanted('w1') || isWanted('w2');
    let made: tf.Tensor[] | undefined;
    const part = (i: number) => () => {
      made ??= tf
        .engine()
        .runKernel('HopeReadMemoryGrad', { z, w1, w2, pre, dy }, { weights }) as tf.Tensor[];
      return made[i];
    };
    return { z: part(0), w1: part(1), w2: part(2) };
  },
});
