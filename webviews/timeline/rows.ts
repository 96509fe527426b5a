import { type LevelInfo, memoryOwner, ownLevels, type RunInfo } from '../../engine/protocol/index.ts';

/** A row of the tracks that can be selected: a track of the whole model, or one block of one level. */
export type Row =
  | { readonly kind: 'surprise' | 'loss' | 'probes' | 'gates' | 'drift' }
  | { readonly kind: 'level'; readonly level: number; readonly block: number };

/** Places of a run's levels from top to bottom, after each of them the memories of its optimizer. */
export function levelOrder({ levels }: RunInfo): number[] {
  const places = levels.map(({ id }, level) => ({ level, id, owner: memoryOwner(id) }));
  return ownLevels(places).flatMap(({ level, id }) => [
    level,
    ...places.filter(({ owner }) => owner === id).map(memory => memory.level),
  ]);
}

/** Whether a run tells of what optimizers remember. */
export const hasMemories = ({ levels }: RunInfo): boolean => levels.some(({ id }) => memoryOwner(id));

/** All rows of a run from top to bottom. @param memories whether those of optimizers are shown */
export function rowsOf(run: RunInfo, memories: boolean): Row[] {
  const shown = levelOrder(run).filter(level => memories || !memoryOwner(run.levels[level].id));
  const levels = shown.flatMap(level =>
    Array.from({ length: run.blocks }, (_, block): Row => ({ kind: 'level', level, block })),
  );
  const probes: Row[] = run.probes.length ? [{ kind: 'probes' }] : [];
  return [{ kind: 'surprise' }, { kind: 'loss' }, ...probes, ...levels, { kind: 'gates' }, { kind: 'drift' }];
}

export const sameRow = (a: Row, b: Row): boolean =>
  a.kind === 'level' && b.kind === 'level' ? a.level === b.level && a.block === b.block : a.kind === b.kind;

/** Whether a level generates its own gates. */
export const isGated = ({ id }: LevelInfo): boolean => id === 'memory' || id === 'projections';

/** The level whose gates are shown: the selected one, or the fastest that has some. */
export function gatedLevel(run: RunInfo, selected: number): number {
  const level = run.levels[selected];
  return level && isGated(level) ? selected : run.levels.findIndex(isGated);
}
