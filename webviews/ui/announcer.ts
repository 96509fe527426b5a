import { element } from './dom.ts';

/** Least time between two announcements, ms. */
export const ANNOUNCE_EVERY = 5000;

/** Tells screen readers the newest of the texts it is given, at most every {@link ANNOUNCE_EVERY} ms. */
export function announcer(parent: HTMLElement): (text: string) => void {
  const live = element('div', 'hidden-text');
  live.setAttribute('aria-live', 'polite');
  parent.append(live);
  let waiting: string | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const speak = (): void => {
    timer = undefined;
    if (waiting === undefined) return;
    live.textContent = waiting;
    waiting = undefined;
    timer = setTimeout(speak, ANNOUNCE_EVERY);
  };
  return text => {
    if (text === (waiting ?? live.textContent)) return;
    waiting = text;
    if (timer === undefined) speak();
  };
}
