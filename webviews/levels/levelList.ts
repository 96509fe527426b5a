import { element, setText } from '../ui/dom.ts';
import { type LevelRow, levelRow } from './levelRow.ts';
import { shownRows, type ViewState } from './state.ts';
import { updateUnder } from './surprisePanel.ts';
import { type Draw, type Surroundings, TIGHT, type ViewActions, WIDE } from './viewContext.ts';

/** The levels, fast to slow, a list with one tab stop. */
export function levelList(
  parent: HTMLElement,
  { dispatch }: ViewActions,
): Draw & { rowNode(index: number): HTMLElement | undefined } {
  const heading = element('h2', 'name dim');
  const rho = element('div', 'rho dim', 'ρ');
  const drift = element('div', 'drift dim', 'drift');
  rho.title = 'ρ = ‖ΔW‖ / ‖W‖ of the last update';
  drift.title = '‖W − W₀‖ / ‖W₀‖ against the base checkpoint';
  const head = element('div', 'row head', heading, rho, drift);
  const list = element('div', 'list');
  list.setAttribute('role', 'list');
  list.setAttribute('aria-label', 'Levels, fast to slow');
  const section = element('section', 'levels', head, list);
  parent.append(section);

  let rows: LevelRow[] = [];
  let shape = '';
  /** Places of the rows that are in the list. */
  let inList: readonly number[] = [];
  let last: { state: ViewState; surroundings: Surroundings } | undefined;
  const indexOf = (target: EventTarget | null): number =>
    rows.findIndex(({ node }) => target instanceof Node && node.contains(target));

  const rebuild = (state: ViewState): void => {
    const levels = state.host.model?.levels ?? [];
    const key = JSON.stringify(levels);
    if (key === shape) return;
    shape = key;
    rows = levels.map((_, index) => levelRow(index, levels, dispatch));
    inList = [];
  };

  list.addEventListener('focusin', event => dispatch({ type: 'focus', region: indexOf(event.target) }));
  list.addEventListener('focusout', () => dispatch({ type: 'focus', region: undefined }));
  list.addEventListener('keydown', event => {
    const by = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (by === 0) return;
    event.preventDefault();
    rows[inList[inList.indexOf(indexOf(event.target)) + by]]?.node.focus();
  });
  list.addEventListener('pointermove', event => {
    const region = indexOf(event.target);
    if (region < 0 || !last) return;
    const { raster } = rows[region];
    const over = event.target instanceof Node && raster.contains(event.target);
    const update = over ? updateUnder(raster, event, last.state, last.surroundings.trackWidth) : undefined;
    dispatch({ type: 'pointer', pointer: { region, update } });
  });
  list.addEventListener('pointerleave', () => dispatch({ type: 'pointer', pointer: undefined }));

  const draw: Draw = (state, surroundings) => {
    last = { state, surroundings };
    section.hidden = !hasLevels(state);
    if (section.hidden) return;
    rebuild(state);
    const shown = shownRows(state);
    if (shown.join() !== inList.join()) {
      const hadFocus = list.contains(document.activeElement);
      inList = shown;
      list.replaceChildren(...shown.map(index => rows[index].node));
      // A row that is put in its place anew loses the keyboard.
      if (hadFocus && document.hasFocus()) rows[state.row]?.node.focus({ preventScroll: true });
    }
    const { panelWidth } = surroundings;
    setText(
      heading,
      panelWidth < TIGHT ? 'level' : panelWidth >= WIDE ? 'level, fast to slow' : 'level, period in tokens',
    );
    for (const index of shown) rows[index].draw(state, surroundings);
  };
  return Object.assign(draw, { rowNode: (index: number) => rows[index]?.node });
}

/** Rows and tracks need a model; before the first run the welcome text stands alone. */
export function hasLevels({ host, history }: Pick<ViewState, 'host' | 'history'>): boolean {
  if (!host.model || host.phase === 'loading' || host.phase === 'no-model') return false;
  return host.phase !== 'idle' || history.updates.length > 0;
}
