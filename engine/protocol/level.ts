/**
 * A level is a set of parameters that share one update period.
 * Fast to slow: `memory`, `projections`, `cms.0` … `cms.K-1`, `outer`.
 */
export type LevelId = 'memory' | 'projections' | `cms.${number}` | 'outer';

/** A memory of a level's optimizer, which is itself a level of the nested system (§4): `cms.1.m` is m of `cms.1`. */
export type MemoryLevelId = `${Exclude<LevelId, 'outer'>}.${string}`;

/** One level of the loaded model, as the views show it. */
export interface LevelInfo {
  readonly id: LevelId | MemoryLevelId;
  /** Tokens between two updates; 0 for a level that training on a selection never changes. */
  readonly period: number;
}

const MEMORY = /^(memory|projections|cms\.\d+)\.([a-z][a-z0-9]*)$/;

/** The level whose optimizer a memory belongs to; undefined of a level of the model itself. */
export function memoryOwner(id: string): string | undefined {
  return MEMORY.exec(id)?.[1];
}

/** A memory's name in its optimizer, `m` of `cms.1.m`; of a level of the model its own. */
export function memoryLabel(id: string): string {
  return MEMORY.exec(id)?.[2] ?? id;
}

/** The levels whose weights are the model's, which stand before the memories of their optimizers. */
export function ownLevels<L extends { readonly id: string }>(levels: readonly L[]): readonly L[] {
  return levels.filter(({ id }) => memoryOwner(id) === undefined);
}
