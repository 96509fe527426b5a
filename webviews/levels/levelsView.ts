import type { Theme } from '../charts/theme.ts';
import { announcer } from '../ui/announcer.ts';
import { element } from '../ui/dom.ts';
import { watchWidths } from '../ui/widths.ts';
import { announcement } from './announcement.ts';
import { cardPanel } from './cardPanel.ts';
import { controls } from './controls.ts';
import { keyMeaning } from './keys.ts';
import { hasLevels, levelList } from './levelList.ts';
import { messagePanel } from './messagePanel.ts';
import type { ViewState } from './state.ts';
import { statusLine } from './statusLine.ts';
import { surprisePanel } from './surprisePanel.ts';
import type { ViewActions } from './viewContext.ts';

/**
 * Builds the view inside `parent` and returns what draws a state.
 * @param onResize Called when a width changed and the view should be drawn again.
 */
export function levelsView(
  parent: HTMLElement,
  actions: ViewActions,
  onResize: () => void,
): (state: ViewState, theme: Theme) => void {
  const main = element('main', 'panel', element('h1', 'hidden-text', 'Levels'));
  main.dataset.view = 'levels';
  parent.append(main);
  const status = statusLine(main, actions);
  const message = messagePanel(main, actions);
  const tracks = element('div', 'tracks');
  main.append(tracks);
  const toolbar = controls(tracks, actions);
  const surprise = surprisePanel(tracks, actions);
  const levels = levelList(tracks, actions);
  const card = cardPanel(main, region => (region === 'surprise' ? surprise.track : levels.rowNode(region)));
  const announce = announcer(main);
  const widthOf = watchWidths([main, surprise.track], onResize);

  main.addEventListener('keydown', event => {
    // The block selector and the buttons have keys of their own; zoom works from everywhere.
    const own = event.target instanceof Element && event.target.closest('select, vscode-button');
    const modified = event.ctrlKey || event.altKey || event.metaKey;
    const meaning = keyMeaning({ key: event.key, shiftKey: event.shiftKey, modified });
    if (!meaning || event.defaultPrevented) return;
    if (own && !('type' in meaning && meaning.type === 'zoom')) return;
    event.preventDefault();
    if ('command' in meaning) actions.command(meaning.command);
    else actions.dispatch(meaning);
  });

  return (state, theme) => {
    const surroundings = { theme, panelWidth: widthOf(main), trackWidth: widthOf(surprise.track) };
    main.dataset.phase = state.host.phase;
    tracks.hidden = !hasLevels(state);
    for (const draw of [status, message, toolbar, surprise, levels, card]) draw(state, surroundings);
    const text = announcement(state);
    if (text) announce(text);
  };
}
