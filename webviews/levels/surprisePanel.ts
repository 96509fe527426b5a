import { SURPRISE_TOTAL_HEIGHT, surpriseSparkline } from '../charts/surpriseSparkline.ts';
import { element, setAttribute, setText } from '../ui/dom.ts';
import { fixed, grouped } from '../ui/format.ts';
import { describeSurprise, describeUpdate } from './describe.ts';
import { endOf, newest, updateAt } from './history.ts';
import type { ViewState } from './state.ts';
import { MEAN_TOKENS, runningMean, summarise } from './surprise.ts';
import { passesIn, shownUpdate, timeWindow, updateOfToken, updatesIn } from './timeWindow.ts';
import { type Draw, NARROW, type ViewActions, WIDE } from './viewContext.ts';

/** The surprise track with the time axis: a slider over the updates. */
export function surprisePanel(parent: HTMLElement, { dispatch }: ViewActions): Draw & { track: HTMLElement } {
  const caption = element('h2', 'dim');
  const mean = element('span', 'number');
  const unit = element('span', 'dim');
  const scale = element('div', 'scale dim', element('span', '', '8 nats'), element('span', '', '0 nats'));
  scale.append(element('span', '', 'token'));
  scale.setAttribute('aria-hidden', 'true');
  const track = element('div', 'track');
  track.style.height = `${SURPRISE_TOTAL_HEIGHT}px`;
  track.tabIndex = 0;
  track.setAttribute('role', 'slider');
  const head = element('div', 'heading', caption, element('span', 'mean', mean, unit));
  const panel = element('section', 'surprise', head, element('div', 'grid', scale, track));
  parent.append(panel);
  listen(track, dispatch);

  let update: ReturnType<typeof surpriseSparkline> | undefined;
  const draw: Draw = (state, { theme, panelWidth, trackWidth: width }) => {
    panel.hidden = !state.host.model || state.host.phase === 'loading';
    const narrow = panelWidth < NARROW;
    const span = timeWindow(state);
    pointerSpan.set(track, { state, width });
    setText(caption, captionOf(state, narrow));
    setText(mean, fixed(runningMean(state.history, shownUpdate(state)), 2));
    setText(unit, narrow ? ' nats' : ` nats, mean of ${MEAN_TOKENS}`);
    setSlider(track, state);
    if (width <= 0 || panel.hidden) return;
    const stretches = updatesIn(state.history.updates, span).map(u => ({
      position: u.position,
      values: u.surprise,
    }));
    const wide = panelWidth >= WIDE;
    const data = { stretches, passes: passesIn(state, span) };
    const options = {
      span,
      width,
      theme,
      heads: headsOf(state),
      number: grouped,
      caption: narrow || wide ? undefined : 'token',
    };
    if (update) update(data, options);
    else update = surpriseSparkline(track, data, options);
  };
  return Object.assign(draw, { track });
}

function captionOf(state: ViewState, narrow: boolean): string {
  const { from, to } = timeWindow(state);
  if (state.cursor !== undefined)
    return narrow ? 'surprise' : `surprise, tokens ${grouped(from)} to ${grouped(to)}`;
  return narrow ? 'surprise' : `surprise, last ${grouped(to - from)} tokens`;
}

/** Where the vertical lines of all tracks stand. */
export function headsOf(state: ViewState): { cursor?: number; pointer?: number } {
  const cursor = state.cursor === undefined ? undefined : shownUpdate(state);
  const hovered = state.pointer?.update;
  const pointer = hovered === undefined ? undefined : updateAt(state.history, hovered);
  return { cursor: cursor && endOf(cursor), pointer: pointer && endOf(pointer) };
}

function setSlider(track: HTMLElement, state: ViewState): void {
  const shown = shownUpdate(state);
  setAttribute(track, 'aria-label', describeSurprise(summarise(state.history, timeWindow(state))));
  setAttribute(track, 'aria-valuemin', (state.history.updates[0]?.index ?? 0) + 1);
  setAttribute(track, 'aria-valuemax', (newest(state.history)?.index ?? 0) + 1);
  setAttribute(track, 'aria-valuenow', (shown?.index ?? 0) + 1);
  const text = shown
    ? `${describeUpdate(shown)}, loss ${fixed(shown.loss, 2)} nats a token`
    : 'no update yet';
  setAttribute(track, 'aria-valuetext', state.cursor === undefined ? `newest, ${text}` : text);
}

/** What the pointer's place means, as of the last drawing. */
const pointerSpan = new WeakMap<HTMLElement, { state: ViewState; width: number }>();

function listen(track: HTMLElement, dispatch: ViewActions['dispatch']): void {
  track.addEventListener('focus', () => dispatch({ type: 'focus', region: 'surprise' }));
  track.addEventListener('blur', () => dispatch({ type: 'focus', region: undefined }));
  track.addEventListener('pointerleave', () => dispatch({ type: 'pointer', pointer: undefined }));
  const at = (event: PointerEvent): number | undefined => {
    const known = pointerSpan.get(track);
    return known && updateUnder(track, event, known.state, known.width);
  };
  track.addEventListener('pointermove', event => {
    dispatch({ type: 'pointer', pointer: { region: 'surprise', update: at(event) } });
  });
  track.addEventListener('pointerdown', event => {
    const update = at(event);
    if (update !== undefined) dispatch({ type: 'step', step: { to: update } });
  });
}

/** Index of the update under the pointer, undefined beside the kept ones. */
export function updateUnder(
  track: HTMLElement,
  event: PointerEvent,
  state: ViewState,
  width: number,
): number | undefined {
  const { from, to } = timeWindow(state);
  const x = event.clientX - track.getBoundingClientRect().left;
  const token = from + (x / width) * (to - from);
  const last = newest(state.history);
  if (x < 0 || x > width || !last || token > endOf(last)) return undefined;
  return updateOfToken(state.history.updates, token)?.index;
}
