import { tf } from './tf.ts';

const name = { value: 'HopeGelu', first: 'HopeGeluGrad', second: 'HopeGeluGrad2' } as const;

/**
 * Runs a kernel of our own where the current backend has it, else the same formula from library operations. The
 * gradient is given rather than traced in both: it is cheaper, and tracing twice through `tf.exp` loses terms.
 */
function runOr(
  kernelName: string,
  x: tf.Tensor,
  composed: (x: tf.Tensor) => tf.Tensor,
  derivative: (x: tf.Tensor) => tf.Tensor,
): tf.Tensor {
  if (tf.getKernel(kernelName, tf.getBackend())) return tf.engine().runKernel(kernelName, { x }) as tf.Tensor;
  const run = tf.customGrad((input, save) => {
    const at = input as tf.Tensor;
    (save as tf.GradSaveFunc)([at]);
    return { value: composed(at), gradFunc: (dy, [saved]) => tf.mul(dy, derivative(saved)) };
  });
  return run(x);
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
  return runOr(name.value, x, at => tf.mul(at, distribution(at)), geluDerivative) as T;
}

/** GELU′(x) = Φ(x) + x·φ(x); differentiable itself, as updates inside the forward pass need it. */
export function geluDerivative<T extends tf.Tensor>(x: T): T {
  const composed = (at: tf.Tensor) => tf.add(distribution(at), tf.mul(at, density(at)));
  return runOr(name.first, x, composed, geluSecondDerivative) as T;
}

/** GELU″(x) = φ(x)·(2 − x²). */
function geluSecondDerivative(x: tf.Tensor): tf.Tensor {
  const composed = (at: tf.Tensor) => tf.mul(density(at), tf.sub(2, tf.square(at)));
  return runOr(name.second, x, composed, geluThirdDerivative);
}

/** GELU‴(x) = φ(x)·(x³ − 4x); nothing in the engine needs its gradient. */
function geluThirdDerivative(x: tf.Tensor): tf.Tensor {
  return tf.mul(density(x), tf.mul(x, tf.sub(tf.square(x), 4)));
}

/** GELU by the hyperbolic tangent, ½x(1 + tanh u) = x·σ(2u), u = √(2/π)(x + 0.044715x³). `x` float32 of any shape. */
export function tanhGelu<T extends tf.Tensor>(x: T): T {
  const u = tf.mul(tf.add(x, tf.mul(tf.mul(tf.square(x), x), 0.044715)), Math.sqrt(2 / Math.PI));
  return tf.mul(x, tf.sigmoid(tf.mul(u, 2))) as T;
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
register(name.second, geluThirdDerivative);
