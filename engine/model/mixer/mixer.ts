import { tf } from '../../tensor/tf.ts';

/** Weights of a mixer by name, without `.weight`; biases end in `.bias`. */
export type MixerWeights = Readonly<Record<string, tf.Tensor>>;
/** What it carries from token to token, by name. */
export type MixerState = Readonly<Record<string, tf.Tensor3D>>;

/** What a mixer reads: B rows of T tokens, D channels in H heads, G = B × H. */
export interface MixerInput {
  /** Normed, and convolved where the system has a convolution, [B × T, D]. */
  readonly x: tf.Tensor2D;
  readonly batch: number;
  readonly heads: number;
  /** Tokens between the start of its document and each token, [B × T]; nothing before that is looked at. */
  readonly sinceStart: Int32Array;
  /** Tokens that softmax attention looks back at most. */
  readonly window: number;
}

/** The part of a block that looks back, other than memories which are written by a rule with an inner loss. */
export interface Mixer {
  /** Shapes of its weights. */
  weights(width: number, heads: number): Readonly<Record<string, readonly number[]>>;
  /** Before the first token. */
  start(width: number, heads: number, batch: number): MixerState;
  /** Whether a row of pre-training goes on with what the row before left. */
  readonly carries: boolean;
  /** @returns what it read, heads side by side, [B × T, D] */
  read(input: MixerInput, weights: MixerWeights, state: MixerState): { out: tf.Tensor2D; state: MixerState };
}

/** x W^T of each row, + b where there is a bias. @param weight [O, D] @param bias [O] */
export function project(x: tf.Tensor2D, weight: tf.Tensor, bias?: tf.Tensor): tf.Tensor2D {
  const made = tf.matMul<tf.Tensor2D>(x, weight as tf.Tensor2D, false, true);
  return bias ? tf.add(made, bias) : made;
}
