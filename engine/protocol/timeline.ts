import type { AbsorptionReport } from './absorption.ts';
import type { Probe } from './probe.ts';
import type { RunInfo } from './runInfo.ts';

/** What the Timeline shows besides what it reads of the run piece by piece. */
export interface TimelineState {
  readonly phase: 'empty' | 'loading' | 'ready' | 'failed';
  readonly run?: RunInfo;
  /** A second run, compared with the first by token. */
  readonly other?: RunInfo;
  /** Stream positions of all passes, read or not; an estimate while a training runs. */
  readonly total: number;
  /** A training is writing this run now. */
  readonly live: boolean;
  /** Updates that the fast state of the loaded model is of, where it is a state of this run. */
  readonly restored?: number;
  /** A state is being made live. */
  readonly seeking?: { readonly updates: number };
  /** The newest answer to “which level learned this?” about this run. */
  readonly absorption?: { readonly fact: Probe; readonly report: AbsorptionReport };
  /** Set in phase `failed`, or beside a run whose last update was not finished. */
  readonly failure?: { readonly headline: string; readonly detail: string };
  /** Offered in phase `empty`. */
  readonly recent?: readonly { readonly path: string; readonly title: string; readonly updates: number }[];
}

/** What a Timeline may ask the host to do; the host ignores every other string. */
export const TIMELINE_COMMANDS = [
  'train',
  'openRun',
  'showLog',
  'retry',
  'exportTimeline',
  'restoreUpdate',
  'cancelRestore',
  'branchHere',
  'freezeLevel',
  'rateLevel',
  'revertLevel',
  'scaleLevel',
  'truncateLevel',
  'dampLevel',
  'bookmarkUpdate',
  'revealUpdate',
  'whichLevel',
  'pinProbes',
  'probesInterval',
  'endComparison',
] as const;
export type TimelineCommand = (typeof TIMELINE_COMMANDS)[number];

/** View to host: a command, with where the playhead stands and which level is selected. */
export interface TimelineRequest {
  readonly command: TimelineCommand;
  /** State after this many updates. */
  readonly updates: number;
  readonly level?: string;
  readonly block?: number;
  /** `openRun`: a path out of `TimelineState.recent`. */
  readonly path?: string;
}

/** What VS Code's commands do to the page, by the names of the page's keys. */
export const TIMELINE_STEPS = [
  'previous',
  'next',
  'previousSlow',
  'nextSlow',
  'previousChange',
  'nextChange',
  'first',
  'last',
  'rowUp',
  'rowDown',
  'play',
  'zoomIn',
  'zoomOut',
  'zoomReset',
] as const;
export type TimelineStep = (typeof TIMELINE_STEPS)[number];

/** Which of the compared runs a read is about. */
export type WhichRun = 0 | 1;

/** One picture of a report: a standalone SVG file and its text alternative. */
export interface ReportPicture {
  /** File name without its ending. */
  readonly name: string;
  readonly title: string;
  readonly text: string;
  readonly svg: string;
}
