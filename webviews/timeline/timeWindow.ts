import type { TimeSpan } from '../charts/columns.ts';
import { positionAfter, tickOf, updatesAt } from './geometry.ts';
import type { ViewState } from './state.ts';

/** The states at both ends of the window, as numbers of updates. */
export function visibleStretch({
  host,
  pieces,
  window,
}: ViewState): { from: number; to: number } | undefined {
  const { run } = host;
  if (!run || run.updates === 0) return undefined;
  const from = window.from <= 0 ? 0 : updatesAt(run, pieces[0], window.from) - 1;
  const to = Math.min(run.updates, updatesAt(run, pieces[0], window.to));
  return { from, to: Math.max(from + 1, to) };
}

/** Positions on the time axis of the whole run, planned ones included. */
export function extent({ host }: Pick<ViewState, 'host'>): number {
  return Math.max(1, host.total, host.run?.positions ?? 0, host.other?.positions ?? 0);
}

/** Narrowest window, positions. */
const leastSpan = ({ host }: ViewState): number =>
  Math.min(extent({ host }), host.run ? tickOf(host.run) * 8 : 16);

/** A window of the whole run, as near to the wanted one as there is. */
export function clampWindow(state: ViewState, { from, to }: TimeSpan): TimeSpan {
  const whole = extent(state);
  const span = Math.max(leastSpan(state), Math.min(whole, Math.round(to - from)));
  const start = Math.max(0, Math.min(whole - span, Math.round(from)));
  return { from: start, to: start + span };
}

/** Moves the window, its width kept, so that the playhead is in it. */
export function reveal(state: ViewState): ViewState {
  const { run } = state.host;
  if (!run) return state;
  const position = positionAfter(run, state.pieces[0], state.updates);
  const { from, to } = state.window;
  if (position >= from && position <= to) return state;
  const span = to - from;
  const start = position > to ? position - span * 0.75 : position - span * 0.25;
  return { ...state, window: clampWindow(state, { from: start, to: start + span }) };
}

/** Zooms about the playhead, which stays where it is on the screen. */
export function zoom(state: ViewState, factor: number): ViewState {
  const { run } = state.host;
  if (!run) return state;
  const { from, to } = state.window;
  const span = Math.max(leastSpan(state), (to - from) * factor);
  const position = positionAfter(run, state.pieces[0], state.updates);
  const share = Math.max(0, Math.min(1, (position - from) / (to - from)));
  const start = position - share * span;
  return reveal({ ...state, window: clampWindow(state, { from: start, to: start + span }) });
}
