/**
 * A level is a set of parameters that share one update period.
 * Fast to slow: `memory`, `projections`, `cms.0` … `cms.K-1`, `outer`.
 */
export type LevelId = 'memory' | 'projections' | `cms.${number}` | 'outer';

/** One level of the loaded model, as the views show it. */
export interface LevelInfo {
  readonly id: LevelId;
  /** Tokens between two updates; 0 for a level that training on a selection never changes. */
  readonly period: number;
}
