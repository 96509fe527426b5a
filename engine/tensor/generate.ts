import { tf } from './tf.ts';

interface Weights {
  readonly w1: tf.Tensor3D;
  readonly w2: tf.Tensor3D;
}

/** How the gates come from what their memories answer, and whether keys are normalised. */
export interface GateOptions {
  readonly etaScale: number;
  readonly etaBias: number;
  readonly etaCeiling: number;
  readonly alphaBias: number;
  readonly qkNorm: boolean;
}

/**
 * k, v [G, C, D], η and log α [G, C] of x [G, C, D] in one kernel, without a gradient; undefined where the backend
 * has no such kernel.
 */
export function fusedGenerate(
  { k, v, eta, alpha }: Readonly<Record<'k' | 'v' | 'eta' | 'alpha', Weights>>,
  x: tf.Tensor3D,
  { etaScale, etaBias, etaCeiling, alphaBias, qkNorm }: GateOptions,
): { k: tf.Tensor3D; v: tf.Tensor3D; eta: tf.Tensor2D; logAlpha: tf.Tensor2D } | undefined {
  if (!tf.getKernel('HopeGenerate', tf.getBackend())) return undefined;
  const inputs = [x, ...[k, v, eta, alpha].flatMap(({ w1, w2 }) => [w1, w2])];
  const attributes = { etaScale, etaBias, etaCeiling, alphaBias, qkNorm };
  const made = tf.engine().runKernel('HopeGenerate', inputs as never, attributes) as tf.Tensor[];
  return {
    k: made[0] as tf.Tensor3D,
    v: made[1] as tf.Tensor3D,
    eta: made[2] as tf.Tensor2D,
    logAlpha: made[3] as tf.Tensor2D,
  };
}
