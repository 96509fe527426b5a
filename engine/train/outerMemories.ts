import { DEFAULTS, type LevelOptimizerKind } from '../checkpoint/levelOptimizer.ts';
import { memoryName } from '../model/optimizerMemory.ts';
import { type LevelOptimizer, levelOptimizer } from '../optimizer/levelOptimizer.ts';
import { tf } from '../tensor/tf.ts';

/** Optimizers that the outer loop shares with the levels, at their usual hyperparameters. */
export const OUTER_OPTIMIZERS = [
  'sgd',
  'momentum',
  'delta-momentum',
  'deep-momentum',
  'm3',
] as const satisfies readonly LevelOptimizerKind[];
export type OuterOptimizer = (typeof OUTER_OPTIMIZERS)[number];

/** An optimizer of the levels for the outer loop: its memories lie in host memory, as the weights do. */
export class OuterMemories {
  private readonly optimizer: LevelOptimizer;

  /** @param memories by the name of their tensor and their own; one that is not there is zero */
  constructor(
    kind: OuterOptimizer,
    readonly memories = new Map<string, Float32Array>(),
  ) {
    this.optimizer = levelOptimizer({ kind, ...DEFAULTS[kind] });
  }

  /** One step of one parameter, in place. @param keep what is left of it by decoupled decay, 1 for all */
  step(
    name: string,
    shape: readonly number[],
    weights: Float32Array,
    gradient: Float32Array,
    rate: number,
    keep: number,
  ): void {
    const names = this.optimizer.memories(shape);
    tf.tidy(() => {
      const before = Object.fromEntries(
        Object.entries(names).map(([memory, extent]) => {
          const known = this.memories.get(memoryName(name, memory));
          return [memory, known ? tf.tensor(known.slice(), [...extent]) : tf.zeros([...extent])];
        }),
      );
      const error = tf.tensor(gradient.slice(), [...shape]);
      const after = this.optimizer.step(tf.tensor(weights.slice(), [...shape]), error, before, rate);
      const decay = keep === 1 ? undefined : weights.map(value => (keep - 1) * value);
      weights.set(after.theta.dataSync() as Float32Array);
      decay?.forEach((change, i) => {
        weights[i] += change;
      });
      for (const [memory, tensor] of Object.entries(after.memories)) {
        this.memories.set(memoryName(name, memory), tensor.dataSync().slice() as Float32Array);
      }
    });
  }
}
