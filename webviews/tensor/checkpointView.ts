import type { Theme } from '../charts/theme.ts';
import { announcer } from '../ui/announcer.ts';
import { element } from '../ui/dom.ts';
import { watchWidths } from '../ui/widths.ts';
import { inspectorPanel } from './inspectorPanel.ts';
import { messageOf, messagePanel } from './messagePanel.ts';
import type { ViewState } from './state.ts';
import { summaryPanel } from './summaryPanel.ts';
import { treePanel } from './treePanel.ts';
import type { ViewActions } from './viewContext.ts';

/** Below this two charts do not fit side by side, px. */
const TWO_CHARTS = 620;
const GAP = 28;

/**
 * Builds the view inside `parent` and returns what draws a state.
 * @param onResize Called when a width changed and the view should be drawn again.
 */
export function checkpointView(
  parent: HTMLElement,
  actions: ViewActions,
  onResize: () => void,
): (state: ViewState, theme: Theme) => void {
  const main = element('main', 'panel checkpoint', element('h1', 'hidden-text', 'Checkpoint'));
  main.dataset.view = 'checkpoint';
  parent.append(main);
  const message = messagePanel(main, actions);
  const side = element('nav', 'tree');
  side.setAttribute('aria-label', 'Tensors of the checkpoint');
  const content = element('div', 'content');
  const body = element('div', 'body', side, content);
  main.append(body);
  const measure = element('div', 'measure');
  content.append(measure);
  const draws = [treePanel(side, actions), summaryPanel(content, actions), inspectorPanel(content, actions)];
  const announce = announcer(main);
  const widthOf = watchWidths([measure], onResize);

  return (state, theme) => {
    const width = widthOf(measure);
    const chartWidth = width >= TWO_CHARTS ? Math.floor((width - GAP) / 2) : width;
    const surroundings = { theme, chartWidth };
    main.dataset.phase = state.host.phase;
    main.dataset.comparison = state.host.comparison?.phase ?? '';
    body.hidden = state.host.phase !== 'ready';
    message(state, surroundings);
    if (!body.hidden) for (const draw of draws) draw(state, surroundings);
    const words = messageOf(state);
    if (words && state.host.comparison?.phase === 'ready') announce(words.headline);
  };
}
