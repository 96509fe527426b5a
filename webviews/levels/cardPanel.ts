import { element } from '../ui/dom.ts';
import { type Card, cardOf } from './card.ts';
import type { Region } from './state.ts';
import type { Draw } from './viewContext.ts';

/** Space between a region and its card, px. */
const GAP = 2;

/** The card of hover and focus. @param anchor Element of a region, below or above which the card stands. */
export function cardPanel(parent: HTMLElement, anchor: (region: Region) => HTMLElement | undefined): Draw {
  const title = element('div', 'title');
  const lines = element('dl');
  const panel = element('div', 'card', title, lines);
  panel.id = 'levels-card';
  panel.setAttribute('role', 'tooltip');
  parent.append(panel);
  let shown = '';

  return state => {
    const card = cardOf(state);
    const target = card && anchor(card.region);
    panel.classList.toggle('shown', !!target);
    if (!card || !target) return;
    panel.dataset.by = card.by;
    const key = JSON.stringify(card);
    if (key !== shown) write(title, lines, card);
    shown = key;
    place(panel, target, parent);
  };
}

function write(title: HTMLElement, lines: HTMLElement, card: Card): void {
  title.textContent = card.title;
  lines.replaceChildren(
    ...card.lines.map(([name, value]) =>
      element('div', '', element('dt', 'dim', name), element('dd', 'number', value)),
    ),
  );
}

function place(panel: HTMLElement, target: HTMLElement, parent: HTMLElement): void {
  const frame = parent.getBoundingClientRect();
  const box = target.getBoundingClientRect();
  const height = panel.offsetHeight;
  const fitsBelow = box.bottom + GAP + height <= window.innerHeight;
  const fitsAbove = box.top - GAP - height >= 0;
  const top = fitsBelow || !fitsAbove ? box.bottom + GAP : box.top - GAP - height;
  panel.style.top = `${Math.round(top - frame.top)}px`;
}
