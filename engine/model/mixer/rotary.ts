import type { RotaryFrequencies } from '../../checkpoint/rotaryScaling.ts';
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
 * Rotary positions (Su et al. 2021): channel pairs (i, i + D/2) are turned by position × frequency, so that q · k
 * depends on the distance alone.
 * @param positions of each token, [B × T] @param frequencies of the pairs, with what q and k are multiplied by
 */
export function rotationOf(
  positions: Int32Array,
  batch: number,
  heads: number,
  turning: RotaryFrequencies,
): Rotation {
  const tokens = positions.length / batch;
  const waves = wavesOf(positions, turning);
  const shape = [batch, tokens, turning.frequencies.length] as const;
  const spread = (wave: Float32Array) => eachHead(tf.tensor3d(wave, [...shape]), heads);
  return { cos: spread(waves.cos), sin: spread(waves.sin) };
}

/** Every block turns q and k by the same positions, an array that nobody changes: what was computed last is kept. */
let kept:
  | { positions: Int32Array; turning: RotaryFrequencies; cos: Float32Array; sin: Float32Array }
  | undefined;

function wavesOf(
  positions: Int32Array,
  turning: RotaryFrequencies,
): { cos: Float32Array; sin: Float32Array } {
  if (kept?.positions === positions && isSame(kept.turning, turning)) return kept;
  const { frequencies, scale } = turning;
  const half = frequencies.length;
  // In float32 the angles of far positions would be off by more than the rounding of their sines.
  const angles = new Float64Array(positions.length * half);
  positions.forEach((position, t) => {
    for (let i = 0; i < half; i++) angles[t * half + i] = position * frequencies[i];
  });
  kept = {
    positions,
    turning,
    cos: Float32Array.from(angles, angle => scale * Math.cos(angle)),
    sin: Float32Array.from(angles, angle => scale * Math.sin(angle)),
  };
  return kept;
}

function isSame(a: RotaryFrequencies, b: RotaryFrequencies): boolean {
  if (a.scale !== b.scale || a.frequencies.length !== b.frequencies.length) return false;
  return a.frequencies.every((frequency, i) => frequency === b.frequencies[i]);
}

/** @param x [B × H, T, D] */
export function rotate(x: tf.Tensor3D, { cos, sin }: Rotation): tf.Tensor3D {
  const [a, b] = tf.split<tf.Tensor3D>(x, 2, 2) as tf.Tensor3D[];
  return tf.concat<tf.Tensor3D>(
    [tf.sub(tf.mul(a, cos), tf.mul(b, sin)), tf.add(tf.mul(b, cos), tf.mul(a, sin))] as tf.Tensor3D[],
    2,
  );
}
