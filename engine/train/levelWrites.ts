import type { FastState } from '../model/fastState.ts';
import { mapMemories, titansOptions } from '../model/languageModel.ts';
import { mapMemory, partsOf } from '../model/memoryMlp.ts';
import { writeMeasured } from '../model/memoryWrites.ts';
import { memoryName } from '../model/optimizerMemory.ts';
import { type Memories, type MemoryName, projectionsOf } from '../model/selfModifyingTitans.ts';
import { levelOptimizer, type OptimizerMemories } from '../optimizer/levelOptimizer.ts';
import { measuredSgdSteps, sgdSteps } from '../optimizer/sgd.ts';
import { tf } from '../tensor/tf.ts';

/** New weights of one level in all blocks, before they are put in place. */
export interface LevelWrite {
  readonly level: string;
  /** True where the level's rate is 0: its chunk ends without a change. */
  readonly frozen?: boolean;
  /** Where the change is −rate · Σ g, so that its norm needs no look at the weights from before. */
  readonly rate?: number;
  /** Where the write was measured as it was made: four numbers a block, as of `Measurement` `write`, one after the other. */
  readonly measured?: readonly tf.Tensor1D[];
  /** New weights by name. */
  readonly weights: ReadonlyMap<string, tf.Tensor>;
  /** The summed errors that were applied, by name. */
  readonly errors: ReadonlyMap<string, tf.Tensor>;
  /** True where the errors are the state's own sums, which it goes on holding. */
  readonly sharesSums?: boolean;
  /** New memories of the level's optimizer, by name. */
  readonly optimizer?: ReadonlyMap<string, tf.Tensor>;
  /** ∇_y ℓ of the inner loss of each memory of a block, [G, C, O], for levels with an inner loss of their own. */
  readonly inner?: readonly (readonly tf.Tensor3D[])[];
}

/**
 * The write of `memory` or `projections` in every block, with all that is pending.
 * @param bases of each block, where the write may be measured as it is made
 */
export function writeTitansLevel(
  state: FastState,
  level: 'memory' | 'projections',
  memories: readonly Memories[],
  rate: number,
  bases?: readonly Memories[],
): LevelWrite {
  const { config } = state.base;
  const options = { ...titansOptions(config), rate, withSubtracted: true };
  const weights = new Map<string, tf.Tensor>();
  const errors = new Map<string, tf.Tensor>();
  const optimizer = new Map<string, tf.Tensor>();
  const measured: tf.Tensor1D[] = [];
  const inner = state.open.map((open, block) => {
    const names: readonly MemoryName[] = level === 'memory' ? ['memory'] : projectionsOf(memories[block]);
    const momenta = config.titans.momentum ? momentaOf(state, block, memories[block]) : undefined;
    const { written, measured: numbers } = writeMeasured(
      memories[block],
      names,
      open[level],
      { ...options, momenta },
      bases?.[block],
    );
    if (numbers) measured.push(numbers);
    return names.map(name => {
      for (const part of partsOf(memories[block][name]!)) {
        const at = `blocks.${block}.selfmod.m_${name}.${part}`;
        weights.set(at, written[name].weights[part]!);
        errors.set(at, written[name].subtracted![part]!);
        if (momenta) optimizer.set(memoryName(at, 'momentum'), written[name].momentum![part]!);
      }
      return written[name].surprise;
    });
  });
  const all = measured.length === inner.length;
  return { level, weights, errors, inner, optimizer, measured: all ? measured : undefined };
}

/** S of every memory of a block, zero before its first write. */
export function momentaOf(state: FastState, block: number, memories: Memories): Memories {
  return mapMemories(memories, (memory, name) =>
    mapMemory(memory, (w, part) => {
      const at = memoryName(`blocks.${block}.selfmod.m_${name}.${part}`, 'momentum');
      return (state.optimizer.get(at) as tf.Tensor3D | undefined) ?? tf.zeros(w.shape);
    }),
  );
}

/**
 * The write of level `cms.k` in every block by its optimizer, θ − η Σ g (Eq. 71) where none is named.
 * @param measure whether it may be measured as it is made
 */
export function writeContinuumLevel(
  state: FastState,
  level: string,
  rate: number,
  measure = false,
): LevelWrite {
  const specs = state.specs.filter(spec => spec.level === level);
  const errors = new Map(specs.map(({ name }) => [name, state.sums.get(name)!]));
  const thetas = specs.map(({ name }) => state.tensors.get(name)!);
  const config = state.base.config.cms.optimizers?.[Number(level.slice('cms.'.length))];
  if (!config || config.kind === 'sgd') {
    const sums = [...errors.values()];
    const bases = specs.map(({ name }) => state.base.tensors.get(name)!);
    const blocks = specs.map(({ block }) => block);
    const both = measure ? measuredSgdSteps(thetas, sums, bases, rate, blocks) : undefined;
    const steps = both?.steps ?? sgdSteps(thetas, sums, rate);
    const weights = new Map(specs.map(({ name }, i) => [name, steps[i]]));
    return { level, weights, errors, rate, sharesSums: true, measured: both && [both.measured] };
  }
  const weights = new Map<string, tf.Tensor>();
  const optimizer = new Map<string, tf.Tensor>();
  const { memories, step } = levelOptimizer(config);
  const { width } = state.base.config;
  specs.forEach(({ name, shape }, i) => {
    const before: OptimizerMemories = Object.fromEntries(
      Object.entries(memories(shape, width)).map(([memory, extent]) => {
        const at = memoryName(name, memory);
        return [memory, state.optimizer.get(at) ?? tf.zeros([...extent])];
      }),
    );
    const after = step(thetas[i], errors.get(name)!, before, rate);
    weights.set(name, after.theta);
    for (const [memory, tensor] of Object.entries(after.memories)) {
      optimizer.set(memoryName(name, memory), tensor);
    }
  });
  return { level, weights, errors, optimizer, sharesSums: true };
}

/** The end of the context of a nested level: it starts again at its meta-learned state (Eq. 72). */
export function restartLevel(state: FastState, level: string): LevelWrite {
  const specs = state.specs.filter(spec => spec.level === level);
  return {
    level,
    weights: new Map(specs.map(({ name }) => [name, tf.clone(state.base.tensors.get(name)!)])),
    errors: new Map(specs.map(({ name }) => [name, state.sums.get(name)!])),
    sharesSums: true,
  };
}

/** The same write, outliving the enclosing tidy. */
export function keepWrite(write: LevelWrite): LevelWrite {
  for (const tensor of write.weights.values()) tf.keep(tensor);
  for (const tensor of write.optimizer?.values() ?? []) tf.keep(tensor);
  for (const tensor of write.measured ?? []) tf.keep(tensor);
  // Sums of CMS errors belong to the state; a share of them makes every write's errors the holder's to dispose.
  const errors = new Map(
    [...write.errors].map(([name, tensor]) => [name, tf.keep(write.sharesSums ? tensor.clone() : tensor)]),
  );
  return { ...write, errors, inner: write.inner?.map(block => block.map(tensor => tf.keep(tensor))) };
}
