import { element } from '../ui/dom.ts';
import { cardOf } from './card.ts';
import type { ViewState } from './state.ts';
import type { Draw } from './viewContext.ts';

const GAP = 4;

/** The card of hover and focus, beside the place on the time axis that it is about. */
export function cardPanel(parent: HTMLElement, plotOf: (state: ViewState) => HTMLElement | undefined): Draw {
  const title = element('div', 'title');
  const lines = element('dl');
  const panel = element('div', 'card', title, lines);
  panel.id = 'timeline-card';
  panel.setAttribute('role', 'tooltip');
  parent.append(panel);
  let shown = '';

  return state => {
    const card = cardOf(state);
    const plot = card && plotOf({ ...state, row: card.row });
    panel.classList.toggle('shown', !!plot);
    if (!card || !plot) return;
    panel.dataset.by = card.by;
    const key = JSON.stringify([card.title, card.lines]);
    if (key !== shown) {
      title.textContent = card.title;
      lines.replaceChildren(
        ...card.lines.map(([name, value]) =>
          element('div', '', element('dt', 'dim', name), element('dd', 'number', value)),
        ),
      );
    }
    shown = key;
    place(panel, plot, parent, (card.position - state.window.from) / (state.window.to - state.window.from));
  };
}

function place(panel: HTMLElement, plot: HTMLElement, parent: HTMLElement, share: number): void {
  const frame = parent.getBoundingClientRect();
  const box = plot.getBoundingClientRect();
  const { offsetHeight: height, offsetWidth: width } = panel;
  const below = box.bottom + GAP + height <= window.innerHeight || box.top - GAP - height < 0;
  const x = box.left + Math.max(0, Math.min(1, share)) * box.width + 12;
  // To the left of the pointer where the right has no room, so that it never covers what it is about.
  const left = x + width <= window.innerWidth - 4 ? x : Math.max(4, x - width - 24);
  panel.style.left = `${Math.round(left - frame.left)}px`;
  panel.style.top = `${Math.round((below ? box.bottom + GAP : box.top - GAP - height) - frame.top)}px`;
}
