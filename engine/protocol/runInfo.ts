import type { LevelInfo } from './level.ts';
import type { Probe, ProbeScore } from './probe.ts';
import type { TrainOptions } from './training.ts';

/** A mark that the user set on a run: the state after this many updates, with a note that may be empty. */
export interface Bookmark {
  readonly updates: number;
  readonly note: string;
}

/** A probe of a run with every score that was recorded of it, in the order of the updates. */
export interface RunProbe extends Probe {
  readonly scores: readonly (ProbeScore & { readonly updates: number })[];
}

/** What made a branch differ from the run it came from, applied as its first step. */
export type BranchChange =
  /** The rest of the text with these rates in place of the recorded ones; 0 freezes a level. */
  | { readonly kind: 'replay'; readonly learningRates: Readonly<Record<string, number>> }
  /** The level's weights as they were after `from` updates. */
  | { readonly kind: 'revert'; readonly level: string; readonly from: number }
  /** The level's change since `from` updates, times `factor`. */
  | { readonly kind: 'scale'; readonly level: string; readonly from: number; readonly factor: number }
  /** The level's change since `from` updates, every matrix cut to its `rank` largest singular values. */
  | { readonly kind: 'truncate'; readonly level: string; readonly from: number; readonly rank: number }
  /** Intruder dimensions (HOPE.md 4.3) of the level's change since `from` updates, times `factor`. */
  | {
      readonly kind: 'damp';
      readonly level: string;
      readonly from: number;
      readonly epsilon: number;
      readonly factor: number;
    };

/** The run and update that a branch came from. */
export interface RunParent {
  readonly runId: string;
  readonly updates: number;
  readonly change: BranchChange;
}

/** What a run file says of itself, readable without the model that it was made with. */
export interface RunInfo {
  readonly path: string;
  readonly id: string;
  readonly title: string;
  /** ISO 8601 */
  readonly createdAt: string;
  readonly modelName: string;
  readonly engineVersion: string;
  readonly backend: string;
  readonly status: 'running' | 'finished' | 'cancelled' | 'failed';
  readonly options: TrainOptions;
  readonly blocks: number;
  /** Fast to slow, without `outer`. */
  readonly levels: readonly LevelInfo[];
  readonly updates: number;
  /** Tokens of the text recorded so far, and stream positions read in all passes. */
  readonly tokens: number;
  readonly positions: number;
  readonly bytes: number;
  /** Updates after which the file holds a whole fast state. */
  readonly keyframes: readonly number[];
  readonly bookmarks: readonly Bookmark[];
  readonly probes: readonly RunProbe[];
  /** The run and update that this one branched from. */
  readonly parent?: RunParent;
  /** Set where states cannot be restored, one sentence that says what is needed: the model, another backend. */
  readonly unavailable?: string;
}
