import type { TimelineCommand } from '../../engine/protocol/index.ts';
import type { Theme } from '../charts/theme.ts';
import type { Action, ViewState } from './state.ts';

/** What the parts of the view may ask for. */
export interface ViewActions {
  dispatch(action: Action): void;
  command(command: TimelineCommand, path?: string): void;
}

/** What a drawing needs besides the state. */
export interface Surroundings {
  readonly theme: Theme;
  /** Width of the whole page, px. */
  readonly pageWidth: number;
  /** Width of the panel's charts, px. */
  readonly panelWidth: number;
  /** The tracks have something new to show: what is looked at after them waits for the next frame, which will come. */
  readonly hurried: boolean;
}

/** Container-query thresholds of the stylesheet, px: the panel goes underneath, and grows wide. */
export const NARROW = 640;
export const WIDE = 1000;

/** Brings one part of the view up to date. */
export type Draw = (state: ViewState, surroundings: Surroundings) => void;
