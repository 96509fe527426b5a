import {
  type Frame,
  type LevelsReset,
  type LevelsState,
  memoryOwner,
  ownLevels,
} from '../../engine/protocol/index.ts';
import { moveCursor, type Step } from './cursor.ts';
import { appendFrame, emptyHistory, endOf, type History, newest, updateAt } from './history.ts';

/** Widths of the time window, tokens. */
export const SPANS = [64, 128, 256, 512, 1024, 2048, 4096] as const;
export const DEFAULT_SPAN = 256;

/** Where the keyboard or the pointer is: the surprise track, or a level's row. */
export type Region = 'surprise' | number;

/** Everything the view shows; drawing it needs nothing else but the theme and the panel's width. */
export interface ViewState {
  readonly host: LevelsState;
  readonly history: History;
  /** Block whose numbers are shown; undefined aggregates over all of them. */
  readonly block: number | undefined;
  readonly span: number;
  /** Update whose numbers are shown; undefined follows the newest. */
  readonly cursor: number | undefined;
  /** Right edge of the window in tokens while the cursor stands. */
  readonly edge: number;
  /** Row that `[` and `]` step through and that arrows left last. */
  readonly row: number;
  readonly focus: Region | undefined;
  readonly pointer: { readonly region: Region; readonly update: number | undefined } | undefined;
  /** Escape hides the card until the keyboard or the pointer moves on. */
  readonly cardDismissed: boolean;
  /** Levels below which the memories of their optimizers are shown. */
  readonly opened: ReadonlySet<string>;
}

export type Action =
  | { readonly type: 'reset'; readonly reset: LevelsReset }
  | { readonly type: 'state'; readonly state: LevelsState }
  | { readonly type: 'frame'; readonly frame: Frame }
  | { readonly type: 'block'; readonly block: number | undefined }
  | { readonly type: 'zoom'; readonly by: 1 | -1 | 0 }
  | { readonly type: 'step'; readonly step: Step }
  | { readonly type: 'focus'; readonly region: Region | undefined }
  | { readonly type: 'pointer'; readonly pointer: ViewState['pointer'] }
  | { readonly type: 'dismissCard' }
  /** Shows or hides the memories of a level's optimizer. */
  | { readonly type: 'open'; readonly level: string; readonly open: boolean };

/** What is shown before the host has spoken. */
export const initialState: ViewState = {
  host: { phase: 'loading' },
  history: emptyHistory(),
  block: undefined,
  span: DEFAULT_SPAN,
  cursor: undefined,
  edge: 0,
  row: 0,
  focus: undefined,
  pointer: undefined,
  cardDismissed: false,
  opened: new Set(),
};

/** The view's only transition. @throws RangeError on a frame that does not fit; the state is then as it was. */
export function reduce(state: ViewState, action: Action): ViewState {
  switch (action.type) {
    case 'reset': {
      const { state: host, backlog } = action.reset;
      const empty = emptyHistory(host.run?.id);
      const history = backlog ? appendFrame(empty, backlog) : empty;
      return fitModel({ ...state, host, history, cursor: undefined, pointer: undefined });
    }
    case 'state': {
      const runId = action.state.run?.id;
      const sameRun =
        runId === undefined || state.history.runId === undefined || runId === state.history.runId;
      const history = sameRun ? state.history : emptyHistory(runId);
      const cursor = sameRun ? state.cursor : undefined;
      return fitModel({ ...state, host: action.state, history, cursor });
    }
    case 'frame':
      return keepCursor({ ...state, history: appendFrame(state.history, action.frame) });
    case 'block':
      return fitModel({ ...state, block: action.block });
    case 'zoom':
      return keepCursor({ ...state, span: zoomed(state.span, action.by) });
    case 'step': {
      const cursor = moveCursor(state.history, state.cursor, action.step, state.row, ownCount(state));
      const edge = state.cursor === undefined ? liveEdge(state) : state.edge;
      return keepCursor({ ...state, cursor, edge, cardDismissed: false });
    }
    case 'focus': {
      const row = typeof action.region === 'number' ? action.region : state.row;
      return { ...state, focus: action.region, row, cardDismissed: false };
    }
    case 'pointer':
      return {
        ...state,
        pointer: action.pointer,
        cardDismissed: action.pointer ? false : state.cardDismissed,
      };
    case 'dismissCard':
      return { ...state, cardDismissed: true };
    case 'open':
      return open(state, action.level, action.open);
  }
}

/** A row that is hidden gives its place to that of its level. */
function open(state: ViewState, level: string, wanted: boolean): ViewState {
  const opened = new Set(state.opened);
  if (wanted) opened.add(level);
  else opened.delete(level);
  const levels = state.host.model?.levels ?? [];
  const hidden = !wanted && memoryOwner(levels[state.row]?.id ?? '') === level;
  return { ...state, opened, row: hidden ? levels.findIndex(({ id }) => id === level) : state.row };
}

/** Levels of the model that are recorded; the memories of their optimizers come behind them. */
function ownCount({ host, history }: ViewState): number {
  return Math.min(history.levels, ownLevels(host.model?.levels ?? []).length || history.levels);
}

/** Places of the rows that are shown, from top to bottom: below a level that is opened the memories of its optimizer. */
export function shownRows({ host, opened }: Pick<ViewState, 'host' | 'opened'>): number[] {
  const levels = host.model?.levels ?? [];
  const rows = levels.map(({ id }, index) => ({ id, index, owner: memoryOwner(id) }));
  return rows
    .filter(({ owner }) => owner === undefined)
    .flatMap(({ id, index }) => [
      index,
      ...(opened.has(id) ? rows.filter(({ owner }) => owner === id).map(memory => memory.index) : []),
    ]);
}

function zoomed(span: number, by: 1 | -1 | 0): number {
  if (by === 0) return DEFAULT_SPAN;
  const at = SPANS.findIndex(width => width >= span) - by;
  return SPANS[Math.max(0, Math.min(SPANS.length - 1, at))];
}

/** Right edge of the window that follows the newest update. */
export function liveEdge({ history, span }: Pick<ViewState, 'history' | 'span'>): number {
  const last = newest(history);
  return Math.max(span, last ? endOf(last) : 0);
}

/** Keeps the cursor on an update that is still kept, and the window over the cursor. */
function keepCursor(state: ViewState): ViewState {
  if (state.cursor === undefined) return state;
  const first = state.history.updates[0];
  if (!first) return { ...state, cursor: undefined };
  const cursor = Math.max(first.index, state.cursor);
  const update = updateAt(state.history, cursor) ?? first;
  const least = Math.max(state.span, endOf(update));
  const edge = Math.max(least, Math.min(state.edge, Math.max(state.span, update.position + state.span)));
  return { ...state, cursor, edge };
}

/** Lets go of a block or row that the model does not have. */
function fitModel(state: ViewState): ViewState {
  const model = state.host.model;
  if (!model) return state;
  const block = state.block !== undefined && state.block < model.blocks ? state.block : undefined;
  return { ...state, block, row: Math.min(state.row, Math.max(0, model.levels.length - 1)) };
}
