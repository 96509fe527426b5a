import type { LevelsCommand } from '../../engine/protocol/index.ts';
import type { Theme } from '../charts/theme.ts';
import type { Action, ViewState } from './state.ts';

/** What the parts of the view may ask for. */
export interface ViewActions {
  dispatch(action: Action): void;
  command(command: LevelsCommand): void;
}

/** What a drawing needs besides the state. */
export interface Surroundings {
  readonly theme: Theme;
  /** Width of the whole panel, px. */
  readonly panelWidth: number;
  /** Width of the time axis, the same in every track, px. */
  readonly trackWidth: number;
}

/** Container-query thresholds of the stylesheet, px. */
export const NARROW = 270;
/** Below it a long level name leaves no room for its period, which moves into “of 64 to go”. */
export const TIGHT = 316;
export const WIDE = 420;

/** Brings one part of the view up to date. */
export type Draw = (state: ViewState, surroundings: Surroundings) => void;
