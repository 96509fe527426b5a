import { tf } from './tf.ts';

const name = { value: 'HopeGelu', first: 'HopeGeluGrad', second: 'HopeGeluGrad2' } as const;

/** Runs a kernel of our own where the current backend has it, else the same formula from library operations. */
function runOr(kernelName: string, x: tf.Tensor, composed: () => tf.Tensor): tf.Tensor {
  if (!tf.getKernel(kernelName, tf.getBackend())) return tf.tidy(composed);
  return tf.engine().runKernel(kernelName, { x }) as tf.Tensor;
}

/** φ(x) = exp(−x²/2)/√(2π). */
function density(x: tf.Tensor): tf.Tensor {
  return tf.mul(tf.exp(tf.mul(tf.square(x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
}

/** Φ(x) = (1 + erf(x/√2))/2. */
function distribution(x: tf.Tensor): tf.Tensor {
  return tf.mul(tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1), 0.5);
}

/** GELU(x) = x·Φ(x), the exact form. `x` float32 of any shape. */
export function gelu<T extends tf.Tensor>(x: T): T {
  return runOr(name.value, x, () => tf.mul(x, distribution(x))) as T;
}

/** GELU′(x) = Φ(x) + x·φ(x); differentiable itself, as updates inside the forward pass need it. */
export function geluDerivative<T extends tf.Tensor>(x: T): T {
  return runOr(name.first, x, () => tf.add(distribution(x), tf.mul(x, density(x)))) as T;
}

/** GELU″(x) = φ(x)·(2 − x²). */
function geluSecondDerivative(x: tf.Tensor): tf.Tensor {
  return runOr(name.second, x, () => tf.mul(density(x), tf.sub(2, tf.square(x))));
}

function register(kernelName: string, derivative: (x: tf.Tensor) => tf.Tensor): void {
  tf.registerGradient({
    kernelName,
    inputsToSave: ['x'],
    gradFunc: (dy, [x]) => ({ x: () => tf.mul(dy as tf.Tensor, derivative(x)) }),
  });
}

register(name.value, geluDerivative);
register(name.first, geluSecondDerivative);
register(name.second, x => tf.mul(density(x), tf.mul(x, tf.sub(tf.square(x), 4))));
