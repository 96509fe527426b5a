import { tf } from '../../tensor/tf.ts';
import { eachHead } from './document.ts';

/** Angles of the slowest and fastest pair of channels are this far apart. */
export const BASE = 10_000;

/** What turns q and k of some tokens, [B × H, T, D / 2] each. */
export interface Rotation {
  readonly cos: tf.Tensor3D;
  readonly sin: tf.Tensor3D;
}

/**
 * Rotary positions (Su et al. 2021): channel pairs (i, i + D/2) are turned by position × base^(−2i/D), so that q · k
 * depends on the distance alone.
 * @param positions of each token, [B × T] @param inner channels a head, even
 */
export function rotationOf(
  positions: Int32Array,
  batch: number,
  heads: number,
  inner: number,
  base = BASE,
): Rotation {
  const tokens = positions.length / batch;
  const half = inner / 2;
  const waves = wavesOf(positions, half, base);
  const spread = (wave: Float32Array) => eachHead(tf.tensor3d(wave, [batch, tokens, half]), heads);
  return { cos: spread(waves.cos), sin: spread(waves.sin) };
}

/** Every block turns q and k by the same positions, an array that nobody changes: what was computed last is kept. */
let kept:
  | { positions: Int32Array; half: number; base: number; cos: Float32Array; sin: Float32Array }
  | undefined;

function wavesOf(
  positions: Int32Array,
  half: number,
  base: number,
): { cos: Float32Array; sin: Float32Array } {
  if (kept?.positions === positions && kept.half === half && kept.base === base) return kept;
  // In float32 the angles of far positions would be off by more than the rounding of their sines.
  const angles = new Float64Array(positions.length * half);
  const frequencies = Float64Array.from({ length: half }, (_, i) => base ** (-i / half));
  positions.forEach((position, t) => {
    for (let i = 0; i < half; i++) angles[t * half + i] = position * frequencies[i];
  });
  kept = {
    positions,
    half,
    base,
    cos: Float32Array.from(angles, Math.cos),
    sin: Float32Array.from(angles, Math.sin),
  };
  return kept;
}

/** @param x [B × H, T, D] */
export function rotate(x: tf.Tensor3D, { cos, sin }: Rotation): tf.Tensor3D {
  const [a, b] = tf.split<tf.Tensor3D>(x, 2, 2) as tf.Tensor3D[];
  return tf.concat<tf.Tensor3D>(
    [tf.sub(tf.mul(a, cos), tf.mul(b, sin)), tf.add(tf.mul(b, cos), tf.mul(a, sin))] as tf.Tensor3D[],
    2,
  );
}
