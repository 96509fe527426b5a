import type {
  ArchiveTensor,
  SliceChoice,
  TensorChangeRow,
  TensorMeasure,
} from '../../engine/protocol/index.ts';
import type { SpectrumView, TensorView } from '../../engine/protocol/inspectorRequests.ts';
import type { CheckpointState } from '../../engine/protocol/tensorMessages.ts';
import { firstOpen, type Row, rowsOf, type Sort, type TreeNode, treeOf } from './tree.ts';

/** All that the page shows. */
export interface ViewState {
  readonly host: CheckpointState;
  readonly root?: TreeNode;
  readonly changes: ReadonlyMap<string, TensorChangeRow>;
  /** What was measured on demand, by name. */
  readonly measures: ReadonlyMap<string, TensorMeasure>;
  readonly filter: string;
  readonly sort: Sort;
  readonly open: ReadonlySet<string>;
  readonly rows: readonly Row[];
  /** Key of the row that keys start from. */
  readonly cursor: string;
  /** Name of the tensor in the inspector. */
  readonly selected?: string;
  readonly choice?: SliceChoice;
  /** Statistics of every value rather than of a sample. */
  readonly whole: boolean;
  /** What was answered, for the tensor, slice and comparison that `key` names. */
  readonly view?: Answer<TensorView>;
  readonly spectrum?: Answer<SpectrumView>;
}

export type Answer<T> = { readonly key: string } & (
  | { readonly value: T; readonly problem?: undefined }
  | { readonly value?: undefined; readonly problem: string }
);

export type Action =
  | { readonly type: 'host'; readonly state: CheckpointState }
  | { readonly type: 'filter'; readonly filter: string }
  | { readonly type: 'sort'; readonly sort: Sort }
  | { readonly type: 'toggle'; readonly key: string; readonly open?: boolean }
  | { readonly type: 'cursor'; readonly key: string }
  | { readonly type: 'move'; readonly by: number }
  | { readonly type: 'select'; readonly name: string | undefined }
  | { readonly type: 'choice'; readonly choice: SliceChoice }
  | { readonly type: 'whole' }
  | { readonly type: 'view'; readonly answer: Answer<TensorView> }
  | { readonly type: 'spectrum'; readonly answer: Answer<SpectrumView> };

export const initialState: ViewState = {
  host: { phase: 'loading' },
  changes: new Map(),
  measures: new Map(),
  filter: '',
  sort: 'tree',
  open: new Set(),
  rows: [],
  cursor: '',
  whole: false,
};

/** The only transition. */
export function reduce(state: ViewState, action: Action): ViewState {
  switch (action.type) {
    case 'host':
      return withHost(state, action.state);
    case 'filter':
      return withRows({ ...state, filter: action.filter });
    case 'sort':
      return withRows({ ...state, sort: action.sort });
    case 'toggle': {
      const open = new Set(state.open);
      if (action.open ?? !open.has(action.key)) open.add(action.key);
      else open.delete(action.key);
      return withRows({ ...state, open, cursor: action.key });
    }
    case 'cursor':
      return { ...state, cursor: action.key };
    case 'move': {
      const at = state.rows.findIndex(({ node }) => node.key === state.cursor);
      const next = Math.max(0, Math.min(state.rows.length - 1, at + action.by));
      return state.rows.length ? { ...state, cursor: state.rows[next].node.key } : state;
    }
    case 'select': {
      const { name } = action;
      if (name === state.selected) return state;
      const cursor = name ?? state.cursor;
      return { ...state, selected: name, cursor, choice: undefined, whole: false };
    }
    case 'choice':
      return { ...state, choice: action.choice };
    case 'whole':
      return { ...state, whole: true };
    case 'view':
      return action.answer.key === viewKey(state) ? { ...state, view: action.answer } : state;
    case 'spectrum':
      return action.answer.key === spectrumKey(state) ? { ...state, spectrum: action.answer } : state;
    default:
      return action satisfies never;
  }
}

/** The tensor in the inspector. */
export function selectedTensor({ host, selected }: ViewState): ArchiveTensor | undefined {
  return host.info?.tensors.find(({ name }) => name === selected);
}

/** Whether the selected tensor is compared with another one. */
export function isCompared({ selected, changes }: ViewState): boolean {
  return selected !== undefined && changes.has(selected);
}

/** What the inspector's numbers and pictures are of. */
export function viewKey(state: ViewState): string {
  return JSON.stringify([spectrumKey(state), state.whole]);
}

export function spectrumKey(state: ViewState): string {
  const { selected, choice, host } = state;
  const against = isCompared(state) && [host.comparison?.path, host.comparison?.base];
  return JSON.stringify([host.info?.path, selected, choice, against]);
}

function withHost(before: ViewState, host: CheckpointState): ViewState {
  const measures = new Map(host.measured?.rows.map(row => [row.name, row]));
  const state = { ...before, measures };
  const changes = new Map(host.comparison?.rows.map(row => [row.name, row]));
  const begun = host.comparison !== undefined && state.host.comparison === undefined;
  const compared = begun && !host.comparison?.base;
  // With a comparison the question is what changed most, since a base where; without one there is no such order.
  const sort = compared ? 'change' : host.comparison || state.sort !== 'change' ? state.sort : 'tree';
  if (host.info === state.host.info && host.info !== undefined) {
    return withRows({ ...state, host, changes, sort });
  }
  if (!host.info) return withRows({ ...state, host, changes, sort, root: undefined, selected: undefined });
  // Messages are copies: the same checkpoint comes as another object.
  const same = state.root !== undefined && state.host.info?.path === host.info.path;
  const root = treeOf(host.info, host.info.path.split(/[/\\]/).at(-1) ?? host.info.path);
  const known = host.info.tensors.some(({ name }) => name === state.selected);
  return withRows({
    ...state,
    ...{ host, changes, sort, root },
    open: same ? state.open : firstOpen(root),
    selected: known ? state.selected : undefined,
  });
}

function withRows(state: ViewState): ViewState {
  const rows = state.root ? rowsOf(state.root, state) : [];
  const there = rows.some(({ node }) => node.key === state.cursor);
  return { ...state, rows, cursor: there ? state.cursor : (rows[0]?.node.key ?? '') };
}
