import {
  type DeltaSpectrum,
  type Forgetting,
  type Frame,
  type MeasuredInterference,
  memoryOwner,
  type RunInfo,
  type RunOverview,
  type TimelineState,
  type TimelineStep,
  type WhichRun,
  type WriteParts,
} from '../../engine/protocol/index.ts';
import type { TimeSpan } from '../charts/columns.ts';
import { positionAfter, updatesAt } from './geometry.ts';
import { type Row, rowsOf, sameRow } from './rows.ts';
import { noPieces, type RunPieces, withChunk, withTokens } from './runPieces.ts';
import { nextScore, type Search, seek } from './seek.ts';
import { clampWindow, extent, reveal, visibleStretch, zoom } from './timeWindow.ts';

/** Between which states a spectrum is taken. */
export type SpectrumRange = 'update' | 'run' | 'window';

/** Everything the view shows; drawing it needs nothing else but the theme and widths. */
export interface ViewState {
  readonly host: TimelineState;
  /** Read of the run, and of the one compared with it. */
  readonly pieces: readonly [RunPieces, RunPieces];
  /** The stretch of stream positions that all tracks show. */
  readonly window: TimeSpan;
  /** The playhead: the state after this many updates. */
  readonly updates: number;
  /** The playhead stays at the end of a run that grows. */
  readonly follow: boolean;
  /** What is selected, by keyboard or click. */
  readonly row: Row;
  /** The level and block that the panel is about: those selected last. */
  readonly level: number;
  readonly block: number;
  readonly playing: boolean;
  /** Goes on when the chunk it waits for is there. */
  readonly search: Search | undefined;
  /** Width of the time axis, px; 0 before it is known. */
  readonly width: number;
  readonly range: SpectrumRange;
  readonly spectrum: DeltaSpectrum | undefined;
  readonly parts: WriteParts | undefined;
  /** Forgetting among the run's probes, and how many scores the run had then. */
  readonly forgetting: (Forgetting & { readonly scores: number }) | undefined;
  /** The stretch whose interference was asked for, as numbers of updates, and the newest answer. */
  readonly measuring: { readonly from: number; readonly to: number } | undefined;
  readonly interference: MeasuredInterference | undefined;
  /** Why a piece could not be read, by its key. */
  readonly problems: ReadonlyMap<string, string>;
  readonly focused: boolean;
  readonly pointer: { readonly row: Row; readonly position: number } | undefined;
  /** Escape hides the card until the keyboard or the pointer moves on. */
  readonly cardDismissed: boolean;
  /** Whether the memories of optimizers have rows. */
  readonly memories: boolean;
}

export type Action =
  | { readonly type: 'host'; readonly state: TimelineState }
  | { readonly type: 'width'; readonly width: number }
  | { readonly type: 'step'; readonly step: TimelineStep }
  | { readonly type: 'goTo'; readonly updates: number }
  | { readonly type: 'window'; readonly window: TimeSpan }
  | { readonly type: 'select'; readonly row: Row }
  | { readonly type: 'range'; readonly range: SpectrumRange }
  | { readonly type: 'tick' }
  | { readonly type: 'focus'; readonly focused: boolean }
  | { readonly type: 'pointer'; readonly pointer: ViewState['pointer'] }
  | { readonly type: 'dismissCard' }
  /** Shows or hides the memories of optimizers. */
  | { readonly type: 'memories' }
  | { readonly type: 'chunk'; readonly run: WhichRun; readonly chunk: number; readonly frame: Frame }
  | {
      readonly type: 'tokens';
      readonly run: WhichRun;
      readonly chunk: number;
      readonly texts: readonly string[];
    }
  | { readonly type: 'overview' | 'whole'; readonly run: WhichRun; readonly overview: RunOverview }
  | { readonly type: 'spectrum'; readonly spectrum: DeltaSpectrum }
  | { readonly type: 'parts'; readonly parts: WriteParts }
  | { readonly type: 'forgetting'; readonly forgetting: ViewState['forgetting'] }
  /** Asks what the visible stretch did to the probes. */
  | { readonly type: 'measure' }
  | { readonly type: 'interference'; readonly interference: MeasuredInterference }
  | { readonly type: 'problem'; readonly key: string; readonly text: string };

/** What is shown before the host has spoken. */
export const initialState: ViewState = {
  host: { phase: 'loading', total: 0, live: false },
  pieces: [noPieces, noPieces],
  window: { from: 0, to: 1 },
  updates: 0,
  follow: true,
  row: { kind: 'surprise' },
  level: 0,
  block: 0,
  playing: false,
  search: undefined,
  width: 0,
  range: 'update',
  spectrum: undefined,
  parts: undefined,
  forgetting: undefined,
  measuring: undefined,
  interference: undefined,
  problems: new Map(),
  focused: false,
  pointer: undefined,
  cardDismissed: false,
  memories: false,
};

/** The view's only transition. @throws RangeError on a piece that does not fit; the state is then as it was. */
export function reduce(state: ViewState, action: Action): ViewState {
  switch (action.type) {
    case 'host':
      return receive(state, action.state);
    case 'width':
      return { ...state, width: action.width };
    case 'step':
      return step(state, action.step);
    case 'goTo':
      return goTo(state, action.updates);
    case 'window':
      return { ...state, window: clampWindow(state, action.window) };
    case 'select':
      return select(state, action.row);
    case 'range':
      return { ...state, range: action.range };
    case 'tick': {
      if (!state.playing) return state;
      const ended = state.updates >= (state.host.run?.updates ?? 0);
      return ended
        ? { ...state, playing: state.host.live }
        : { ...goTo(state, state.updates + 1), playing: true };
    }
    case 'focus':
      return { ...state, focused: action.focused, cardDismissed: false };
    case 'pointer':
      return {
        ...state,
        pointer: action.pointer,
        cardDismissed: action.pointer ? false : state.cardDismissed,
      };
    case 'dismissCard':
      return { ...state, cardDismissed: true };
    case 'memories':
      return showMemories(state);
    case 'spectrum':
      return { ...state, spectrum: action.spectrum };
    case 'parts':
      return { ...state, parts: action.parts };
    case 'forgetting':
      return { ...state, forgetting: action.forgetting };
    case 'measure':
      return measure(state);
    case 'interference':
      return { ...state, interference: action.interference };
    case 'problem':
      return { ...state, search: undefined, problems: new Map(state.problems).set(action.key, action.text) };
    default:
      return goOn({ ...state, pieces: withPiece(state, action) });
  }
}

/** A row that is hidden gives its place to that of its level. */
function showMemories(state: ViewState): ViewState {
  const next = { ...state, memories: !state.memories };
  const { run } = state.host;
  const owner = memoryOwner(run?.levels[state.level]?.id ?? '');
  if (!run || !owner || next.memories) return next;
  const level = run.levels.findIndex(({ id }) => id === owner);
  return select({ ...next, level }, state.row.kind === 'level' ? { ...state.row, level } : state.row);
}

function withPiece(
  { host, pieces }: ViewState,
  action: Extract<Action, { readonly run: WhichRun }>,
): ViewState['pieces'] {
  const run = action.run === 0 ? host.run : host.other;
  if (!run) return pieces;
  const before = pieces[action.run];
  const after =
    action.type === 'chunk'
      ? withChunk(before, run, action.chunk, action.frame)
      : action.type === 'tokens'
        ? withTokens(before, action.chunk, action.texts)
        : { ...before, [action.type]: action.overview };
  return action.run === 0 ? [after, pieces[1]] : [pieces[0], after];
}

function receive(state: ViewState, host: TimelineState): ViewState {
  const sameRun = host.run?.id === state.host.run?.id;
  const sameOther = host.other?.id === state.host.other?.id;
  const pieces: ViewState['pieces'] = [
    sameRun ? state.pieces[0] : noPieces,
    sameOther ? state.pieces[1] : noPieces,
  ];
  const { run } = host;
  if (!run) return { ...state, host, pieces, playing: false, search: undefined };
  const grew = !sameRun || run.updates !== state.host.run?.updates || !state.host.run;
  const next = { ...state, host, pieces, problems: grew ? new Map() : state.problems };
  if (!sameRun) {
    const unread = { spectrum: undefined, parts: undefined, forgetting: undefined };
    const unasked = { measuring: undefined, interference: undefined };
    const first = { ...next, ...unread, ...unasked, updates: run.updates, follow: true };
    return select({ ...first, window: { from: 0, to: extent(first) } }, initialState.row);
  }
  const whole = state.window.from <= 0 && state.window.to >= extent(state);
  const updates = state.follow ? run.updates : Math.min(state.updates, run.updates);
  const window = whole ? { from: 0, to: extent(next) } : clampWindow(next, state.window);
  return reveal({ ...next, updates, window });
}

/** Asks again too where it could not be measured before. */
function measure(state: ViewState): ViewState {
  const stretch = visibleStretch(state);
  if (!stretch) return state;
  const problems = new Map([...state.problems].filter(([key]) => !key.startsWith('interference')));
  return { ...state, measuring: stretch, problems };
}

function goTo(state: ViewState, wanted: number): ViewState {
  const { run } = state.host;
  if (!run || !Number.isFinite(wanted)) return state;
  const updates = Math.max(0, Math.min(run.updates, Math.round(wanted)));
  const moved = { ...state, updates, follow: updates === run.updates, search: undefined, playing: false };
  return reveal({ ...moved, cardDismissed: false });
}

function step(state: ViewState, kind: TimelineStep): ViewState {
  const { run } = state.host;
  if (!run) return state;
  switch (kind) {
    case 'previous':
      return goTo(state, state.updates - 1);
    case 'next':
      return goTo(state, state.updates + 1);
    case 'first':
      return goTo(state, 0);
    case 'last':
      return goTo(state, run.updates);
    case 'previousSlow':
      return search(state, 'slow', -1);
    case 'nextSlow':
      return search(state, 'slow', 1);
    case 'previousChange':
      return search(state, 'row', -1);
    case 'nextChange':
      return search(state, 'row', 1);
    case 'rowUp':
    case 'rowDown': {
      const rows = rowsOf(run, state.memories);
      const at = rows.findIndex(row => sameRow(row, state.row)) + (kind === 'rowUp' ? -1 : 1);
      return select(state, rows[Math.max(0, Math.min(rows.length - 1, at))]);
    }
    case 'play': {
      if (state.playing) return { ...state, playing: false };
      const restart = state.updates >= run.updates && !state.host.live;
      return { ...(restart ? goTo(state, 0) : state), playing: run.updates > 0 };
    }
    case 'zoomIn':
      return zoom(state, 0.5);
    case 'zoomOut':
      return zoom(state, 2);
    case 'zoomReset':
      return { ...state, window: { from: 0, to: extent(state) } };
  }
}

function select(state: ViewState, row: Row): ViewState {
  const { level, block } = row.kind === 'level' ? row : state;
  const run = state.host.run;
  const most = run ? { level: run.levels.length - 1, block: run.blocks - 1 } : { level: 0, block: 0 };
  return {
    ...state,
    row,
    level: Math.max(0, Math.min(level, most.level)),
    block: Math.max(0, Math.min(block, most.block)),
    cardDismissed: false,
  };
}

function search(state: ViewState, of: Search['of'], direction: 1 | -1): ViewState {
  if (of === 'row' && state.row.kind === 'probes') {
    const updates = nextScore(state.host.run!, state.updates, direction);
    return updates === undefined ? state : goTo(state, updates);
  }
  const at = direction > 0 ? state.updates : state.updates - 2;
  return goOn({ ...state, search: { direction, of, at } });
}

/** Goes on with a search as far as the loaded updates reach. */
function goOn(state: ViewState): ViewState {
  const { run } = state.host;
  if (!state.search || !run) return state;
  const found = seek(run, state.pieces[0], state.search, state.row, state.level);
  if (!found) return { ...state, search: undefined };
  return 'updates' in found ? goTo(state, found.updates) : { ...state, search: found.search };
}

/** The update under a position of the time axis, as a number of updates. */
export function updatesUnder({ host, pieces }: ViewState, position: number): number | undefined {
  const { run } = host;
  if (!run || run.updates === 0 || position < 0 || position > run.positions) return undefined;
  return updatesAt(run, pieces[0], position);
}

/** Where the playhead stands on the time axis. */
export function playheadPosition({ host, pieces, updates }: ViewState): number {
  return host.run ? positionAfter(host.run, pieces[0], updates) : 0;
}

/** The run and its pieces, of the shown run or the one compared with it. */
export function runOf(
  { host, pieces }: ViewState,
  which: WhichRun,
): { run: RunInfo; pieces: RunPieces } | undefined {
  const run = which === 0 ? host.run : host.other;
  return run && { run, pieces: pieces[which] };
}
