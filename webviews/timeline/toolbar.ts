import type { TimelineCommand, TimelineStep } from '../../engine/protocol/index.ts';
import { element, setAttribute, setText } from '../ui/dom.ts';
import { type IconName, icon } from '../ui/icon.ts';
import { placeOf } from './describe.ts';
import { hasMemories } from './rows.ts';
import { type Draw, NARROW, type ViewActions, WIDE } from './viewContext.ts';

/** Buttons to step, play, branch, bookmark and export, and where the playhead stands. One tab stop, arrows inside. */
export function toolbar(parent: HTMLElement, { dispatch, command }: ViewActions): Draw {
  const bar = element('div', 'bar');
  bar.setAttribute('role', 'toolbar');
  bar.setAttribute('aria-label', 'Run');
  const buttons: HTMLButtonElement[] = [];
  const button = (symbol: IconName, label: string, act: () => void): HTMLButtonElement => {
    const node = element('button', 'tool', icon(symbol));
    node.type = 'button';
    node.title = label;
    node.setAttribute('aria-label', label);
    node.tabIndex = buttons.length === 0 ? 0 : -1;
    node.addEventListener('click', act);
    buttons.push(node);
    return node;
  };
  const step = (kind: TimelineStep) => () => dispatch({ type: 'step', step: kind });
  const run = (kind: TimelineCommand) => () => command(kind);
  const rule = (): HTMLElement => element('span', 'rule');
  const play = button('running', 'Play (Space)', step('play'));
  const memories = button('nested', 'Show what the optimizers remember (O)', () =>
    dispatch({ type: 'memories' }),
  );
  const place = element('span', 'place');
  const parts = Array.from({ length: 5 }, (_, i) => element('span', i === 0 || i === 3 ? 'number' : 'dim'));
  place.append(...parts);
  const state = element('span', 'restored dim');
  const keys = element('span', 'keys dim');
  for (const [text, key] of [
    ['step ', '←→'],
    [' slow boundary ', '⇧→'],
    [' next change ', ']'],
  ])
    keys.append(text, element('kbd', '', key));
  keys.setAttribute('aria-hidden', 'true');
  bar.append(
    button('back', 'One update back (Left)', step('previous')),
    button('step', 'One update on (Right)', step('next')),
    button('slow', 'To the next slow boundary (Shift+Right)', step('nextSlow')),
    button('change', 'To the next change of what is selected (])', step('nextChange')),
    play,
    rule(),
    button('restore', 'Restore this update as the live state', run('restoreUpdate')),
    button('branch', 'Branch from this update (B)', run('branchHere')),
    button('bookmark', 'Bookmark this update (M)', run('bookmarkUpdate')),
    memories,
    place,
    keys,
    element('span', 'space'),
    state,
    button('target', 'Show these tokens in the text', run('revealUpdate')),
    button('save', 'Export (E)', run('exportTimeline')),
  );
  // In the order of the page, whatever the order in which they were made.
  buttons.sort((a, b) => (a.compareDocumentPosition(b) & Node.DOCUMENT_POSITION_FOLLOWING ? -1 : 1));
  buttons.forEach((node, i) => {
    node.tabIndex = i === 0 ? 0 : -1;
  });
  roving(bar, buttons);
  parent.append(bar);
  let playing: boolean | undefined;

  return (view, { pageWidth }) => {
    const { run: info } = view.host;
    for (const node of buttons)
      setAttribute(node, 'aria-disabled', info && info.updates > 0 ? undefined : 'true');
    if (playing !== view.playing) {
      play.replaceChildren(icon(view.playing ? 'pause' : 'running'));
      play.title = view.playing ? 'Pause (Space)' : 'Play (Space)';
      play.setAttribute('aria-label', play.title);
    }
    playing = view.playing;
    memories.hidden = !info || !hasMemories(info);
    setAttribute(memories, 'aria-pressed', String(view.memories));
    memories.title = `${view.memories ? 'Hide' : 'Show'} what the optimizers remember (O)`;
    const texts = info ? placeOf(view, info) : ['', 'no run'];
    parts.forEach((part, i) => {
      setText(part, pageWidth < NARROW && i >= 2 ? '' : (texts[i] ?? ''));
    });
    keys.hidden = !info || pageWidth < WIDE;
    const { restored, live } = view.host;
    state.hidden = pageWidth < NARROW || (restored === undefined && !live);
    setText(
      state,
      live ? 'training' : restored === view.updates ? 'live state' : `live state is update ${restored}`,
    );
  };
}

/** Left and Right move between the buttons, of which only the last used one is a tab stop. */
function roving(bar: HTMLElement, buttons: readonly HTMLButtonElement[]): void {
  bar.addEventListener('focusin', event => {
    for (const node of buttons) node.tabIndex = node === event.target ? 0 : -1;
  });
  bar.addEventListener('keydown', event => {
    const by = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    const seen = buttons.filter(node => !node.hidden);
    const at = seen.indexOf(event.target as HTMLButtonElement);
    if (by === 0 || at < 0 || event.shiftKey) return;
    event.preventDefault();
    event.stopPropagation();
    seen[(at + by + seen.length) % seen.length].focus();
  });
}
