import { button } from '../ui/button.ts';
import { element, setAttribute, setText } from '../ui/dom.ts';
import { grouped } from '../ui/format.ts';
import { SPANS } from './state.ts';
import type { Draw, ViewActions } from './viewContext.ts';

/** Block selector and zoom, a toolbar with one tab stop. */
export function controls(parent: HTMLElement, { dispatch }: ViewActions): Draw {
  const select = element('select', 'block');
  select.setAttribute('aria-label', 'Block');
  select.title = 'Block whose numbers are shown (Up, Down)';
  const out = button({
    label: 'Show more tokens (-)',
    symbol: '−',
    secondary: true,
    onClick: () => zoom(-1),
  });
  const width = element('span', 'number');
  const into = button({
    label: 'Show fewer tokens (+)',
    symbol: '+',
    secondary: true,
    onClick: () => zoom(1),
  });
  const unit = element('span', 'dim', ' tok', element('span', 'tk', 'ens'));
  const size = element('span', 'window', width, unit);
  const bar = element('div', 'controls', select, element('span', 'zoom', out, size, into));
  bar.setAttribute('role', 'toolbar');
  bar.setAttribute('aria-label', 'Block and time window');
  parent.append(bar);

  const zoom = (by: 1 | -1): void => dispatch({ type: 'zoom', by });
  const choose = (): void =>
    dispatch({ type: 'block', block: select.selectedIndex === 0 ? undefined : select.selectedIndex - 1 });
  select.addEventListener('change', choose);
  const keepStop = roving(bar, () => [...(select.hidden ? [] : [select]), out, into]);
  select.addEventListener('keydown', event => {
    const by = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (by === 0 || event.altKey) return;
    // Some platforms open the list instead; the arrows change the block on all of them.
    event.preventDefault();
    select.selectedIndex = Math.max(0, Math.min(select.options.length - 1, select.selectedIndex + by));
    choose();
  });

  return state => {
    const blocks = state.host.model?.blocks ?? 0;
    bar.hidden = !state.host.model || state.host.phase === 'loading';
    select.hidden = blocks < 2;
    keepStop();
    if (select.options.length !== blocks + 1) {
      const labels = ['All blocks', ...Array.from({ length: blocks }, (_, i) => `Block ${i + 1}`)];
      select.replaceChildren(...labels.map(label => element('option', '', label)));
    }
    const index = state.block === undefined ? 0 : state.block + 1;
    if (select.selectedIndex !== index) select.selectedIndex = index;
    setText(width, grouped(state.span));
    setAttribute(out, 'aria-disabled', state.span === SPANS.at(-1) ? 'true' : undefined);
    setAttribute(into, 'aria-disabled', state.span === SPANS[0] ? 'true' : undefined);
  };
}

/** Left and Right move between the controls, of which only the last used one is a tab stop. Returns what gives the stop to another when its owner is hidden. */
function roving(bar: HTMLElement, items: () => HTMLElement[]): () => void {
  const enter = (target: HTMLElement): void => {
    for (const item of items()) item.tabIndex = item === target ? 0 : -1;
  };
  const keepStop = (): void => {
    if (!items().some(item => item.tabIndex === 0)) enter(items()[0]);
  };
  enter(items()[0]);
  bar.addEventListener('focusin', event => {
    const target = items().find(item => item === event.target);
    if (target) enter(target);
  });
  bar.addEventListener('keydown', event => {
    const by = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    const all = items();
    const at = all.indexOf(event.target as HTMLElement);
    if (by === 0 || at < 0) return;
    event.preventDefault();
    event.stopPropagation();
    all[(at + by + all.length) % all.length].focus();
  });
  return keepStop;
}
