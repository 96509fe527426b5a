import type { Frame } from './frame.ts';
import type { LevelInfo } from './level.ts';

/** What the Levels view shows besides updates. */
export interface LevelsState {
  readonly phase: 'no-model' | 'loading' | 'idle' | 'running' | 'finished' | 'cancelled' | 'failed';
  readonly model?: { readonly name: string; readonly blocks: number; readonly levels: readonly LevelInfo[] };
  readonly run?: {
    readonly id: string;
    readonly title: string;
    /** Stream positions read so far; position p is token `p % tokens` of pass `⌊p / tokens⌋`. */
    readonly position: number;
    readonly total: number;
    /** Tokens of the text, once it is tokenised to its end. */
    readonly tokens?: number;
    readonly updates: number;
    readonly tokensPerSecond: number;
  };
  /** Set in phase `failed`: what happened, and what was kept. */
  readonly failure?: { readonly headline: string; readonly detail: string };
}

export type ChartFormat = 'svg' | 'png' | 'csv' | 'json';

/** Commands a Levels view may ask for; the host ignores every other string. */
export const LEVELS_COMMANDS = [
  'train',
  'trainFile',
  'stop',
  'reset',
  'showLog',
  'export',
  'selectModel',
] as const;
export type LevelsCommand = (typeof LEVELS_COMMANDS)[number];

/** Host to view: forget all updates, show this state and these most recent updates. */
export interface LevelsReset {
  readonly state: LevelsState;
  readonly backlog?: Frame;
}

/** View to host: an exported chart; bytes of a PNG or text of the other formats. */
export interface ChartExport {
  readonly format: ChartFormat;
  readonly text?: string;
  readonly bytes?: Uint8Array;
}
