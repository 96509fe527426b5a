import { paintSvg } from '../charts/shapes.ts';
import { timeAxis } from '../charts/timeAxis.ts';
import { element, setAttribute, setText } from '../ui/dom.ts';
import { grouped } from '../ui/format.ts';
import { passes } from './drawing.ts';
import { playheadPosition } from './state.ts';
import type { Draw } from './viewContext.ts';

/** The token axis above the tracks, and the one playhead that runs through all of them. */
export function axisPanel(parent: HTMLElement, tracks: HTMLElement): Draw {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('class', 'axis');
  svg.setAttribute('aria-hidden', 'true');
  const label = element('span', 'position number');
  const plot = element('div', 'plot', svg as unknown as Node, label);
  parent.append(
    element('div', 'track axis-row', element('div', 'name', 'token'), plot, element('div', 'value')),
  );
  const playhead = element('i', 'playhead');
  const pointer = element('i', 'playhead pointed');
  const layer = element('div', 'heads', playhead, pointer);
  tracks.append(layer);
  let drawn: readonly unknown[] = [];

  return (state, { theme }) => {
    const { window, width, host } = state;
    if (width <= 0) return;
    const place = (position: number): number =>
      ((position - window.from) / (window.to - window.from)) * width;
    const at = place(playheadPosition(state));
    show(playhead, at, width, !!host.run);
    show(pointer, state.pointer ? place(state.pointer.position) : -1, width, !!state.pointer);
    const inside = at >= 0 && at <= width && !!host.run;
    label.hidden = !inside;
    setText(label, grouped(playheadPosition(state)));
    label.style.transform = `translateX(${Math.round(at)}px) translateX(-50%)`;
    const keys = [window.from, window.to, width, theme, host.run?.tokens, host.total];
    if (keys.every((key, i) => key === drawn[i])) {
      makeRoom(svg, inside ? at : undefined);
      return;
    }
    drawn = keys;
    setAttribute(svg, 'width', width);
    setAttribute(svg, 'height', 20);
    const shapes = timeAxis({ span: window, width, y: 0, theme, number: grouped, names: passes(state) });
    paintSvg(svg, shapes, theme);
    makeRoom(svg, inside ? at : undefined);
  };
}

/** Leaves out the numbers on which the playhead's own lies. */
function makeRoom(svg: SVGElement, at: number | undefined): void {
  for (const text of svg.querySelectorAll('text')) {
    const x = Number(text.getAttribute('x'));
    const anchor = text.getAttribute('text-anchor');
    const wide = (text.textContent?.length ?? 0) * 7;
    const left = anchor === 'end' ? x - wide : anchor === 'middle' ? x - wide / 2 : x;
    const lies = at !== undefined && left < at + 30 && left + wide > at - 30;
    text.style.display = lies ? 'none' : '';
  }
}

function show(line: HTMLElement, at: number, width: number, shown: boolean): void {
  line.hidden = !shown || at < 0 || at > width;
  line.style.transform = `translateX(${Math.min(width - 1, Math.round(at))}px)`;
}
