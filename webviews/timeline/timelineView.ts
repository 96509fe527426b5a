import type { Theme } from '../charts/theme.ts';
import { announcer } from '../ui/announcer.ts';
import { element } from '../ui/dom.ts';
import { watchWidths } from '../ui/widths.ts';
import { absorptionPanel } from './absorptionPanel.ts';
import { axisPanel } from './axisPanel.ts';
import { brushPanel } from './brushPanel.ts';
import { cardPanel } from './cardPanel.ts';
import { comparisonLine } from './comparisonLine.ts';
import { describeCell } from './describe.ts';
import { forgettingPanel } from './forgettingPanel.ts';
import { keyMeaning } from './keys.ts';
import { levelPanel } from './levelPanel.ts';
import { messagePanel } from './messagePanel.ts';
import { spectrumPanel } from './spectrumPanel.ts';
import type { ViewState } from './state.ts';
import { textStrip } from './textStrip.ts';
import { toolbar } from './toolbar.ts';
import { type Source, sourceOf } from './trackData.ts';
import { tracksPanel } from './tracksPanel.ts';
import type { ViewActions } from './viewContext.ts';

/**
 * Builds the view inside `parent` and returns what draws a state.
 * @param redraw Called when the view should be drawn again: a width changed, or part of it waits for another frame.
 */
export function timelineView(
  parent: HTMLElement,
  actions: ViewActions,
  redraw: () => void,
): (state: ViewState, theme: Theme) => void {
  const main = element('main', 'panel timeline', element('h1', 'hidden-text', 'Timeline'));
  main.dataset.view = 'timeline';
  parent.append(main);
  const bar = toolbar(main, actions);
  const message = messagePanel(main, actions);
  const left = element('div', 'left');
  const side = element('aside', 'side');
  side.setAttribute('aria-label', 'Selected level');
  const body = element('div', 'body', left, side);
  main.append(body);
  const comparison = comparisonLine(left, actions);
  const text = textStrip(left, actions);
  const plots = element('div', 'plots');
  const axis = axisPanel(left, plots);
  left.append(plots);
  const tracks = tracksPanel(plots, actions);
  const brush = brushPanel(left, actions);
  const measure = element('div', 'measure');
  side.append(measure);
  const panels = [
    levelPanel(side, actions),
    absorptionPanel(side, actions),
    spectrumPanel(side, actions),
    forgettingPanel(side, actions),
  ];
  const card = cardPanel(main, tracks.plotOf);
  const announce = announcer(main);
  const time = element('div', 'plot');
  left.append(element('div', 'track ruler', element('div', 'name'), time, element('div', 'value')));
  const widthOf = watchWidths([main, time, measure], redraw);
  keyboard(main, actions);
  let width = 0;
  let said: number | undefined;
  let source: Source | undefined;
  let hurried = false;

  return (state, theme) => {
    const plotWidth = widthOf(time);
    if (plotWidth !== width) {
      width = plotWidth;
      actions.dispatch({ type: 'width', width: plotWidth });
    }
    // Never two frames in a row: tracks may have something new in every one.
    hurried = !hurried && sourceOf(state, 0) !== source;
    source = sourceOf(state, 0);
    if (hurried) redraw();
    const surroundings = { theme, pageWidth: widthOf(main), panelWidth: widthOf(measure), hurried };
    const { phase, run } = state.host;
    main.dataset.phase = phase;
    main.dataset.updates = String(state.updates);
    body.hidden = phase !== 'ready' || !run || run.updates === 0;
    bar(state, surroundings);
    message(state, surroundings);
    if (body.hidden) return;
    for (const draw of [comparison, text, axis, tracks, brush, card]) draw(state, surroundings);
    if (hurried) return;
    for (const draw of panels) draw(state, surroundings);
    if (state.updates !== said && !state.playing) announce(describeCell(state));
    said = state.updates;
  };
}

function keyboard(main: HTMLElement, actions: ViewActions): void {
  main.addEventListener('keydown', event => {
    const modified = event.ctrlKey || event.altKey || event.metaKey;
    const meaning = keyMeaning({ key: event.key, shiftKey: event.shiftKey, modified });
    if (!meaning || event.defaultPrevented) return;
    const target = event.target instanceof Element ? event.target : main;
    // Controls have keys of their own, and the panel scrolls; stepping by the page's other keys works from everywhere.
    if (target.closest('select')) return;
    if (target.closest('button, vscode-button') && [' ', 'Enter'].includes(event.key)) return;
    if (target.closest('aside') && ['ArrowUp', 'ArrowDown', ' ', 'Home', 'End'].includes(event.key)) return;
    event.preventDefault();
    if (meaning === 'dismiss') {
      actions.dispatch({ type: 'dismissCard' });
      // Back to the text, from where Tab begins anew.
      main.querySelector<HTMLElement>('.text')?.focus();
    } else if (meaning === 'memories') actions.dispatch({ type: 'memories' });
    else if ('command' in meaning) actions.command(meaning.command);
    else actions.dispatch({ type: 'step', step: meaning.step });
  });
}
