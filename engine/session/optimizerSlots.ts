import type { FastState } from '../model/fastState.ts';
import { memoryName } from '../model/optimizerMemory.ts';
import { levelOptimizer } from '../optimizer/levelOptimizer.ts';
import { signalSlots } from '../train/kmPass.ts';

/** Every memory that the optimizers of a model's levels, and its levels in mode km, can have, with its shape. */
export function optimizerSlots(state: FastState): { name: string; shape: number[] }[] {
  const { specs, base } = state;
  const { config } = base;
  const remembered = specs.flatMap(({ name, shape, level }) => {
    if (!level.startsWith('cms.')) {
      return config.titans.momentum ? [{ name: memoryName(name, 'momentum'), shape: [...shape] }] : [];
    }
    const optimizer = config.cms.optimizers?.[Number(level.slice('cms.'.length))];
    if (!optimizer) return [];
    return Object.entries(levelOptimizer(optimizer).memories(shape)).map(([memory, extent]) => ({
      name: memoryName(name, memory),
      shape: [...extent],
    }));
  });
  return [...remembered, ...signalSlots(state)];
}
