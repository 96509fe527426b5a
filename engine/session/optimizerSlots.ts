import type { FastState } from '../model/fastState.ts';
import { memoryName } from '../model/optimizerMemory.ts';
import { levelOptimizer } from '../optimizer/levelOptimizer.ts';

/** Every memory that the optimizers of a model's levels can have, with its shape. */
export function optimizerSlots({ specs, base: { config } }: FastState): { name: string; shape: number[] }[] {
  return specs.flatMap(({ name, shape, level }) => {
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
}
