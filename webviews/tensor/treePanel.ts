import { levelMark } from '../charts/levelMark.ts';
import { rho01 } from '../charts/scales.ts';
import { element, setAttribute, setText } from '../ui/dom.ts';
import { scientific } from '../ui/format.ts';
import type { ViewState } from './state.ts';
import { changeOf, measureOf, type Row, type Sort, tensorsOf } from './tree.ts';
import { colorOf, type Draw, type Surroundings, type ViewActions } from './viewContext.ts';
import { measureText, rowDetail, rowSpeech } from './words.ts';

const ROW = 22;
const SORTS: readonly (readonly [Sort, string])[] = [
  ['tree', 'as a tree'],
  ['name', 'by name'],
  ['size', 'by size'],
  ['change', 'by change'],
];

/** The tensors: a filter, an order, and a tree of which only the rows in sight are in the page. */
export function treePanel(parent: HTMLElement, { dispatch, command, measure }: ViewActions): Draw {
  const filter = element('input', 'filter');
  filter.type = 'search';
  filter.placeholder = 'Filter tensors';
  filter.setAttribute('aria-label', 'Filter tensors by name, level, type or shape');
  filter.addEventListener('input', () => dispatch({ type: 'filter', filter: filter.value }));
  const sort = element('select', 'sort', ...SORTS.map(([, label]) => element('option', '', label)));
  sort.setAttribute('aria-label', 'Order of the tensors');
  sort.addEventListener('change', () => dispatch({ type: 'sort', sort: SORTS[sort.selectedIndex][0] }));
  const found = element('span', 'dim');
  const column = element('span', 'dim column', 'ρ');
  const norms = element('button', 'norms');
  norms.type = 'button';
  norms.addEventListener('click', () => measureBelow());
  const delta = element('button', 'norms', 'Δ base');
  delta.type = 'button';
  delta.title = 'Show what changed since the base checkpoint, in every row (d)';
  delta.setAttribute('aria-label', delta.title);
  delta.addEventListener('click', () => command('compareBase'));
  const space = element('div', 'space');
  const list = element('div', 'rows', space);
  list.tabIndex = 0;
  list.setAttribute('role', 'tree');
  list.setAttribute('aria-label', 'Tensors');
  parent.append(
    element('div', 'tools', filter, sort),
    element('div', 'heads', found, norms, delta, column),
    list,
  );
  let latest: { state: ViewState; surroundings: Surroundings } | undefined;
  const drawn = new Map<string, HTMLElement>();
  let shownCursor = '';

  const place = (): void => {
    if (!latest) return;
    const { state, surroundings } = latest;
    const first = Math.max(0, Math.floor(list.scrollTop / ROW) - 5);
    const last = Math.min(state.rows.length, Math.ceil((list.scrollTop + list.clientHeight) / ROW) + 5);
    const kept = new Set<string>();
    const nodes: HTMLElement[] = [];
    state.rows.slice(first, Math.max(last, first + 40)).forEach((row, i) => {
      const id = row.node.key;
      kept.add(id);
      const node = drawn.get(id) ?? element('div', 'row');
      drawn.set(id, node);
      drawRow(node, row, first + i, state, surroundings);
      nodes.push(node);
    });
    for (const [id, node] of drawn) {
      if (kept.has(id)) continue;
      node.remove();
      drawn.delete(id);
    }
    // Who reads the page rather than sees it goes from top to bottom.
    nodes.forEach((node, i) => {
      if (space.children[i] !== node) space.insertBefore(node, space.children[i] ?? null);
    });
  };
  list.addEventListener('scroll', place);
  list.addEventListener('click', event => {
    const key = (event.target as Element).closest<HTMLElement>('.row')?.dataset.key;
    const row = latest?.state.rows.find(({ node }) => node.key === key);
    if (row) choose(row);
  });
  list.addEventListener('keydown', event => keys(event));
  parent.addEventListener('keydown', event => {
    if (event.key !== '/' || event.target === filter) return;
    event.preventDefault();
    filter.focus();
  });
  filter.addEventListener('keydown', event => {
    if (event.key === 'ArrowDown') list.focus();
  });

  /** The tensors of the row at the cursor; of a list without branches all that it shows. */
  function measureBelow(): void {
    if (!latest) return;
    const { state } = latest;
    if (state.host.measured?.phase === 'measuring') {
      command('endMeasuring');
      return;
    }
    const row = state.rows.find(({ node }) => node.key === state.cursor);
    const flat = state.filter.trim() !== '' || state.sort !== 'tree';
    const nodes = flat ? state.rows.map(({ node }) => node) : row ? [row.node] : [];
    measure(nodes.flatMap(tensorsOf).map(({ name }) => name));
  }

  function choose({ node }: Row): void {
    if (node.tensor) dispatch({ type: 'select', name: node.key });
    else dispatch({ type: 'toggle', key: node.key });
  }

  function keys(event: KeyboardEvent): void {
    if (!latest || event.ctrlKey || event.metaKey || event.altKey) return;
    const { state } = latest;
    const at = state.rows.findIndex(({ node }) => node.key === state.cursor);
    const row = state.rows[at];
    const page = Math.max(1, Math.floor(list.clientHeight / ROW) - 1);
    const moves: Record<string, number> = {
      ...{ ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page },
      ...{ Home: -state.rows.length, End: state.rows.length },
    };
    if (event.key in moves) dispatch({ type: 'move', by: moves[event.key] });
    else if (!row) return;
    else if (event.key === 'Enter' || event.key === ' ') choose(row);
    else if (event.key === 'n') measureBelow();
    else if (event.key === 'd' && !state.host.comparison) command('compareBase');
    else if (event.key === 'ArrowRight') {
      if (row.node.children.length === 0) return;
      if (row.open) dispatch({ type: 'move', by: 1 });
      else dispatch({ type: 'toggle', key: row.node.key, open: true });
    } else if (event.key === 'ArrowLeft') {
      if (row.open) dispatch({ type: 'toggle', key: row.node.key, open: false });
      else {
        const above = state.rows.slice(0, at).findLast(({ depth }) => depth < row.depth);
        if (above) dispatch({ type: 'cursor', key: above.node.key });
      }
    } else return;
    event.preventDefault();
  }

  return (state, surroundings) => {
    latest = { state, surroundings };
    sort.selectedIndex = SORTS.findIndex(([id]) => id === state.sort);
    sort.options[3].disabled = state.changes.size === 0;
    const { comparison, info } = state.host;
    column.hidden = !comparison;
    delta.hidden = comparison !== undefined;
    const { measured } = state.host;
    const busy = measured?.phase === 'measuring';
    setText(norms, busy ? `Stop (${measured.done} of ${measured.total})` : 'Norms');
    const what =
      state.filter.trim() || state.sort !== 'tree' ? 'the listed tensors' : 'the row at the cursor';
    const label = busy ? 'Stop measuring' : `Measure norm, NaN and infinite values of ${what} (n)`;
    setAttribute(norms, 'aria-label', label);
    norms.title = label;
    const tensors = state.rows.filter(({ node }) => node.tensor).length;
    const all = info?.tensors.length ?? 0;
    setText(found, state.filter || state.sort !== 'tree' ? `${tensors} of ${all} tensors` : `${all} tensors`);
    space.style.height = `${state.rows.length * ROW}px`;
    if (state.cursor !== shownCursor) {
      shownCursor = state.cursor;
      reveal(state);
    }
    setAttribute(list, 'aria-activedescendant', rowId(state, state.cursor));
    place();
  };

  function reveal(state: ViewState): void {
    const at = state.rows.findIndex(({ node }) => node.key === state.cursor) * ROW;
    if (at < list.scrollTop) list.scrollTop = at;
    else if (at + ROW > list.scrollTop + list.clientHeight) list.scrollTop = at + ROW - list.clientHeight;
  }
}

function rowId({ rows }: ViewState, key: string): string {
  return `row-${rows.findIndex(({ node }) => node.key === key)}`;
}

function drawRow(
  row: HTMLElement,
  { node, depth, open }: Row,
  index: number,
  state: ViewState,
  { theme }: Surroundings,
): void {
  const { tensor, level, children } = node;
  const selected = tensor !== undefined && node.key === state.selected;
  const change = changeOf(node, state.changes);
  const note = tensor ? noteOf(state, node.key) : '';
  const measure = measureOf(node, state.measures);
  row.dataset.key = node.key;
  row.id = `row-${index}`;
  row.className = `row ${node.kind}`;
  row.classList.toggle('selected', selected);
  row.classList.toggle('cursor', node.key === state.cursor);
  row.style.top = `${index * ROW}px`;
  row.style.paddingLeft = `${8 + depth * 12}px`;
  setAttribute(row, 'role', 'treeitem');
  setAttribute(row, 'aria-level', depth + 1);
  setAttribute(row, 'aria-expanded', children.length ? String(open) : undefined);
  setAttribute(row, 'aria-selected', String(selected));
  setAttribute(row, 'aria-label', rowSpeech(node, change, note, measure));
  row.title = tensor ? tensor.name : '';
  const color = colorOf(state, level, theme);
  const mark = element('span', 'mark');
  if (level !== undefined && node.kind !== 'module') levelMark(mark, level, { theme, color });
  const bar = element('span', 'bar');
  const fill = element('i');
  fill.style.width = `${100 * rho01(change ?? 0)}%`;
  fill.style.background = color;
  if (change) bar.append(fill);
  row.replaceChildren(
    element('span', 'twist', children.length ? (open ? '▾' : '▸') : ''),
    ...(mark.childNodes.length ? [mark] : []),
    element('span', tensor ? 'name mono' : 'name', node.label),
    // A name in full leaves no room for more than a number.
    ...((change !== undefined || measure) && node.label === tensor?.name
      ? []
      : [element('span', 'detail dim', rowDetail(node))]),
    ...(measure
      ? [
          element(
            'span',
            measure.nan + measure.infinite ? 'norm bad number' : 'norm number',
            measureText(measure),
          ),
        ]
      : []),
    ...(note ? [element('span', 'note', note)] : []),
    ...(change === undefined ? [] : [element('span', 'change number', scientific(change)), bar]),
  );
}

/** Why a tensor has no change. */
function noteOf({ host }: ViewState, name: string): string {
  const unmatched = host.comparison?.unmatched;
  if (unmatched?.missing.includes(name)) return 'only here';
  return unmatched?.reshaped.some(row => row.name === name) ? 'other shape' : '';
}
