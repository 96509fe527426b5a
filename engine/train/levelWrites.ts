import type { FastState } from '../model/fastState.ts';
import { type Memories, type MemoryName, PROJECTIONS, writeMemories } from '../model/selfModifyingTitans.ts';
import { sgdSteps } from '../optimizer/sgd.ts';
import { tf } from '../tensor/tf.ts';

/** New weights of one level in all blocks, before they are put in place. */
export interface LevelWrite {
  readonly level: string;
  /** True where the level's rate is 0: its chunk ends without a change. */
  readonly frozen?: boolean;
  /** Where the change is −rate · Σ g, so that its norm needs no look at the weights from before. */
  readonly rate?: number;
  /** New weights by name. */
  readonly weights: ReadonlyMap<string, tf.Tensor>;
  /** The summed errors that were applied, by name. */
  readonly errors: ReadonlyMap<string, tf.Tensor>;
  /** ∇_y ℓ of the inner loss of each memory of a block, [G, C, O], for levels with an inner loss of their own. */
  readonly inner?: readonly (readonly tf.Tensor3D[])[];
}

/** The write of `memory` or `projections` in every block, with all that is pending. */
export function writeTitansLevel(
  state: FastState,
  level: 'memory' | 'projections',
  memories: readonly Memories[],
  rate: number,
): LevelWrite {
  const options = { gradientCeiling: state.base.config.titans.gradient_ceiling, rate, withSubtracted: true };
  const names: readonly MemoryName[] = level === 'memory' ? ['memory'] : PROJECTIONS;
  const weights = new Map<string, tf.Tensor>();
  const errors = new Map<string, tf.Tensor>();
  const inner = state.open.map((open, block) => {
    const pending = open[level];
    const written = writeMemories(memories[block], names, pending, options);
    return names.map(name => {
      const at = `blocks.${block}.selfmod.m_${name}`;
      for (const part of ['w1', 'w2'] as const) {
        weights.set(`${at}.${part}`, written[name].weights[part]);
        errors.set(`${at}.${part}`, written[name].subtracted![part]);
      }
      return written[name].surprise;
    });
  });
  return { level, weights, errors, inner };
}

/** θ − η Σ g for level `cms.k` in every block (Eq. 71). */
export function writeContinuumLevel(state: FastState, level: string, rate: number): LevelWrite {
  const specs = state.specs.filter(spec => spec.level === level);
  const errors = new Map(specs.map(({ name }) => [name, state.sums.get(name)!]));
  const thetas = specs.map(({ name }) => state.tensors.get(name)!);
  const steps = sgdSteps(thetas, [...errors.values()], rate);
  const weights = new Map(specs.map(({ name }, i) => [name, steps[i]]));
  return { level, weights, errors, rate };
}

/** The same write, outliving the enclosing tidy. */
export function keepWrite(write: LevelWrite): LevelWrite {
  for (const tensor of write.weights.values()) tf.keep(tensor);
  // Sums of CMS errors belong to the state; a share of them makes every write's errors the holder's to dispose.
  const shared = write.rate !== undefined;
  const errors = new Map(
    [...write.errors].map(([name, tensor]) => [name, tf.keep(shared ? tensor.clone() : tensor)]),
  );
  return { ...write, errors, inner: write.inner?.map(block => block.map(tensor => tf.keep(tensor))) };
}
