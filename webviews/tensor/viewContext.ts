import type { CheckpointCommand, CopyKind } from '../../engine/protocol/tensorMessages.ts';
import { levelColor } from '../charts/levelColor.ts';
import type { Theme } from '../charts/theme.ts';
import type { Action, ViewState } from './state.ts';

/** What the parts of the view may ask for. */
export interface ViewActions {
  dispatch(action: Action): void;
  command(command: CheckpointCommand): void;
  copy(kind: CopyKind): void;
  /** Asks for the norms of tensors. */
  measure(names: readonly string[]): void;
}

/** What a drawing needs besides the state. */
export interface Surroundings {
  readonly theme: Theme;
  /** Width of one of two charts side by side, px. */
  readonly chartWidth: number;
}

/** Brings one part of the view up to date. */
export type Draw = (state: ViewState, surroundings: Surroundings) => void;

/** Colour of a level among those of this checkpoint. */
export function colorOf({ host }: ViewState, level: string | undefined, theme: Theme): string {
  const cms = host.info?.levels.filter(({ id }) => id.startsWith('cms.')).length ?? 0;
  return level === undefined ? theme.foreground : levelColor(theme, level, cms);
}
