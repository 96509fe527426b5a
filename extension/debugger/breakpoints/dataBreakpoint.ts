import type { TensorInfo, Update } from '../../../engine/protocol/index.ts';
import { levelNumber } from '../moment.ts';
import type { SteppedRun } from '../stepper.ts';
import type { Trigger } from './trigger.ts';

/** What a data breakpoint watches: a level, in one block or in all, or a tensor. */
export interface Watched {
  readonly level: string;
  readonly block?: number;
  readonly tensor?: string;
}

export interface DataBreakpoint {
  readonly id: number;
  readonly dataId: string;
  readonly watched: Watched;
  readonly trigger: Trigger;
}

const FORM = /^(level|tensor) (\S+)(?: (\d+))?$/;

export function levelDataId(level: string, block?: number): string {
  return block === undefined ? `level ${level}` : `level ${level} ${block}`;
}

export function tensorDataId(name: string): string {
  return `tensor ${name}`;
}

/** @returns a sentence where nothing that changes has this id */
export function readDataId(
  dataId: string,
  run: SteppedRun,
  tensors: readonly TensorInfo[],
): Watched | string {
  const [, kind, name, block] = FORM.exec(dataId) ?? [];
  if (kind === 'level') {
    if (!run.levels.some(({ id }) => id === name)) return `The model has no level “${name}”.`;
    if (block === undefined) return { level: name };
    return Number(block) < run.blocks
      ? { level: name, block: Number(block) }
      : `The model has no block ${block}.`;
  }
  const tensor = kind === 'tensor' ? tensors.find(each => each.name === name) : undefined;
  if (!tensor) return 'The model has no such tensor.';
  if (tensor.level === 'outer') return 'Training on a text never changes this tensor.';
  return { level: tensor.level, block: Math.max(0, tensor.block), tensor: name };
}

export function watchedName({ level, block, tensor }: Watched): string {
  if (tensor) return tensor;
  return block === undefined ? level : `${level} of block ${block}`;
}

/** Whether an update wrote the level that is watched, in a block that is watched. */
export function wrote({ level, block }: Watched, run: SteppedRun, update: Update): boolean {
  const blocks = block === undefined ? Array.from({ length: run.blocks }, (_, i) => i) : [block];
  return blocks.some(
    each =>
      levelNumber(run, update, 'fired', level, each) > 0 &&
      // Unknown without telemetry.
      levelNumber(run, update, 'deltaNorm', level, each) !== 0,
  );
}
