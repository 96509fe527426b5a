import type { LevelOptimizerConfig, LevelOptimizerKind } from '../checkpoint/levelOptimizer.ts';
import type { tf } from '../tensor/tf.ts';
import { adamW } from './adamW.ts';
import { deepMomentum } from './deepMomentum.ts';
import { chunkDeltaGradientDescent } from './deltaGradientDescent.ts';
import { deltaMomentum } from './deltaMomentum.ts';
import { m3 } from './m3.ts';
import { momentum } from './momentum.ts';
import { muon } from './muon.ts';
import { projectedMomentum } from './projectedMomentum.ts';
import { sgd } from './sgd.ts';

/** What an optimizer remembers of one tensor, by name. */
export type OptimizerMemories = Readonly<Record<string, tf.Tensor>>;

/**
 * An optimizer as an associative memory of the errors that it is given (§4): it writes the error to its memories, and
 * reads the change of the weights from them. Every memory begins at zero.
 */
export interface LevelOptimizer {
  /**
   * Shapes of its memories of a tensor of this shape.
   * @param width channels of what the level reads; absent in the outer loop, which does not keep what was read
   */
  memories(shape: readonly number[], width?: number): Readonly<Record<string, readonly number[]>>;
  /** @param error Σ g of the chunk */
  step(
    theta: tf.Tensor,
    error: tf.Tensor,
    memories: OptimizerMemories,
    rate: number,
  ): { readonly theta: tf.Tensor; readonly memories: OptimizerMemories };
  /**
   * What a memory is surprised by: the gradient of its inner objective at what it answers, of the shape of the error;
   * absent for a memory that answers nothing, such as a counter.
   */
  surprise(memory: string, error: tf.Tensor, memories: OptimizerMemories): tf.Tensor | undefined;
}

const MAKERS: Readonly<Record<LevelOptimizerKind, (values: never) => LevelOptimizer>> = {
  sgd,
  momentum,
  adamw: adamW,
  'delta-gradient-descent': chunkDeltaGradientDescent,
  'delta-momentum': deltaMomentum,
  'deep-momentum': deepMomentum,
  'projected-momentum': projectedMomentum,
  muon,
  m3,
};

/** The optimizer that a configuration names, whose hyperparameters are complete. */
export function levelOptimizer({ kind, ...values }: LevelOptimizerConfig): LevelOptimizer {
  return MAKERS[kind](values as never);
}
