import type { TimeSpan } from '../charts/columns.ts';
import { paintSvg } from '../charts/shapes.ts';
import { surpriseBars } from '../charts/surpriseBars.ts';
import { timeAxis } from '../charts/timeAxis.ts';
import { element, setAttribute, setText } from '../ui/dom.ts';
import { grouped } from '../ui/format.ts';
import { HEIGHTS } from './drawing.ts';
import { playheadPosition, type ViewState } from './state.ts';
import { extent } from './timeWindow.ts';
import { overviewSurprise } from './trackData.ts';
import type { Draw, ViewActions } from './viewContext.ts';

const SVG = 'http://www.w3.org/2000/svg';

/** The whole run with the visible stretch as a window: two handles, sliders of their own, and a body to drag. */
export function brushPanel(parent: HTMLElement, { dispatch }: ViewActions): Draw {
  const sub = element('div', 'dim sub');
  const chart = element('div', 'chart');
  const stretch = element('div', 'stretch');
  const handles = (['from', 'to'] as const).map(end => handle(end));
  const head = element('i', 'head');
  const axis = document.createElementNS(SVG, 'svg');
  axis.setAttribute('class', 'axis');
  axis.setAttribute('aria-hidden', 'true');
  const plot = element('div', 'plot', chart, stretch, head, ...handles);
  plot.style.height = `${HEIGHTS.brush}px`;
  const node = element(
    'div',
    'track brush',
    element('div', 'name', 'whole run', sub),
    plot,
    element('div', 'value'),
  );
  parent.append(node, element('div', 'track axis-row', element('div', 'name'), axis as unknown as Node));
  let now: ViewState | undefined;
  let update: ReturnType<typeof surpriseBars> | undefined;
  let drawn: readonly unknown[] = [];
  listen();

  function handle(end: 'from' | 'to'): HTMLElement {
    const knob = element('div', `handle ${end}`);
    knob.tabIndex = 0;
    knob.setAttribute('role', 'slider');
    knob.setAttribute('aria-label', end === 'from' ? 'First token shown' : 'Last token shown');
    knob.addEventListener('keydown', event => {
      if (!now) return;
      const span = now.window.to - now.window.from;
      const by = { ArrowLeft: -1, ArrowRight: 1, ArrowDown: -1, ArrowUp: 1, PageDown: -10, PageUp: 10 }[
        event.key
      ];
      if (by === undefined) return;
      event.preventDefault();
      event.stopPropagation();
      const step = Math.max(1, Math.round(span / 50)) * by;
      dispatch({ type: 'window', window: moved(now.window, end, now.window[end] + step) });
    });
    return knob;
  }

  function listen(): void {
    let drag:
      | { readonly what: 'from' | 'to' | 'body' | 'new'; readonly at: number; readonly window: TimeSpan }
      | undefined;
    const position = (event: PointerEvent): number => {
      const box = plot.getBoundingClientRect();
      return box.width && now ? ((event.clientX - box.left) / box.width) * extent(now) : 0;
    };
    plot.addEventListener('pointerdown', event => {
      if (!now || event.button !== 0) return;
      const end = handles.indexOf(event.target as HTMLElement);
      const what = end === 0 ? 'from' : end === 1 ? 'to' : event.target === stretch ? 'body' : 'new';
      drag = { what, at: position(event), window: now.window };
      if (event.isTrusted) plot.setPointerCapture(event.pointerId);
      if (end < 0) event.preventDefault();
    });
    plot.addEventListener('pointermove', event => {
      if (!drag) return;
      const at = position(event);
      const { from, to } = drag.window;
      const window =
        drag.what === 'body'
          ? { from: from + at - drag.at, to: to + at - drag.at }
          : drag.what === 'new'
            ? { from: Math.min(at, drag.at), to: Math.max(at, drag.at) }
            : moved(drag.window, drag.what, at);
      dispatch({ type: 'window', window });
    });
    const end = (event: PointerEvent): void => {
      // A click without a drag puts the window about it.
      if (drag?.what === 'new' && now && Math.abs(position(event) - drag.at) < extent(now) / 200) {
        const half = (drag.window.to - drag.window.from) / 2;
        dispatch({ type: 'window', window: { from: drag.at - half, to: drag.at + half } });
      }
      drag = undefined;
    };
    plot.addEventListener('pointerup', end);
    plot.addEventListener('pointercancel', () => {
      drag = undefined;
    });
  }

  return (state, { theme }) => {
    now = state;
    const { width, window, host, pieces } = state;
    const whole = extent(state);
    const share = (at: number): string => `${(100 * at) / whole}%`;
    stretch.style.left = share(window.from);
    stretch.style.width = share(window.to - window.from);
    handles.forEach((knob, i) => {
      const at = i === 0 ? window.from : window.to;
      knob.style.left = share(at);
      setAttribute(knob, 'aria-valuemin', i === 0 ? 0 : window.from);
      setAttribute(knob, 'aria-valuemax', i === 0 ? window.to : whole);
      setAttribute(knob, 'aria-valuenow', Math.round(at));
      setAttribute(knob, 'aria-valuetext', `token ${Math.round(at)}`);
    });
    head.style.left = share(playheadPosition(state));
    setText(sub, `${grouped(whole)} tok`);
    const keys = [pieces[0].whole, pieces[1].whole, width, theme, whole, host.run?.positions];
    if (width <= 0 || keys.every((key, i) => key === drawn[i])) return;
    drawn = keys;
    const series = pieces[0].whole ? overviewSurprise(pieces[0].whole) : [];
    const other = pieces[1].whole && overviewSurprise(pieces[1].whole);
    const options = { span: { from: 0, to: whole }, width, height: HEIGHTS.brush, theme };
    const data = { series, other, unread: host.run?.positions };
    if (update) update(data, options);
    else update = surpriseBars(chart, data, options);
    setAttribute(axis, 'width', width);
    setAttribute(axis, 'height', 18);
    paintSvg(axis, timeAxis({ span: options.span, width, y: 0, theme, number: grouped }), theme);
  };
}

function moved(window: TimeSpan, end: 'from' | 'to', at: number): TimeSpan {
  return end === 'from'
    ? { from: Math.min(at, window.to - 1), to: window.to }
    : { from: window.from, to: Math.max(at, window.from + 1) };
}
