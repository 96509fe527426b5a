import type { FastState } from '../model/fastState.ts';
import { memoryName } from '../model/optimizerMemory.ts';
import { levelOptimizer } from '../optimizer/levelOptimizer.ts';
import { signalSlots } from '../train/kmPass.ts';

/** A memory that an optimizer can have of a tensor. */
export interface OptimizerSlot {
  /** `memoryName` of the two. */
  readonly name: string;
  readonly tensor: string;
  readonly memory: string;
  readonly shape: number[];
}

/** Every memory that the optimizers of a model's levels can have. */
export function optimizerMemories({ specs, base: { config } }: FastState): OptimizerSlot[] {
  const slot = (tensor: string, memory: string, shape: readonly number[]): OptimizerSlot => ({
    name: memoryName(tensor, memory),
    tensor,
    memory,
    shape: [...shape],
  });
  return specs.flatMap(({ name, shape, level }) => {
    if (!level.startsWith('cms.')) return config.titans.momentum ? [slot(name, 'momentum', shape)] : [];
    const optimizer = config.cms.optimizers?.[Number(level.slice('cms.'.length))];
    if (!optimizer) return [];
    const memories = Object.entries(levelOptimizer(optimizer).memories(shape, config.width));
    return memories.map(([memory, extent]) => slot(name, memory, extent));
  });
}

/** The same, and what the levels of mode km keep beside them, with its shape. */
export function optimizerSlots(state: FastState): { name: string; shape: number[] }[] {
  return [...optimizerMemories(state), ...signalSlots(state)];
}
