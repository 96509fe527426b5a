import type { TimelineCommand } from '../../engine/protocol/index.ts';
import { button } from '../ui/button.ts';
import { element } from '../ui/dom.ts';
import { grouped } from '../ui/format.ts';
import { icon } from '../ui/icon.ts';
import type { ViewState } from './state.ts';
import type { Draw, ViewActions } from './viewContext.ts';

interface Message {
  readonly headline: string;
  readonly detail?: string;
  readonly error?: boolean;
  readonly buttons: readonly (readonly [label: string, command: TimelineCommand])[];
}

/** What to say in place of the tracks or above them; undefined where they speak for themselves. */
export function messageOf({ host, problems }: Pick<ViewState, 'host' | 'problems'>): Message | undefined {
  switch (host.phase) {
    case 'empty':
      return {
        headline: 'No run to show',
        detail: 'Select text in an editor and train on it. Each update appears here as it happens.',
        buttons: [
          ['Train on Selection', 'train'],
          ['Open Run…', 'openRun'],
        ],
      };
    case 'loading':
      return { headline: 'Reading the run…', buttons: [] };
    case 'failed':
      return {
        headline: host.failure?.headline ?? 'The run cannot be shown.',
        detail: host.failure?.detail,
        error: true,
        buttons: [
          ['Try Again', 'retry'],
          ['Show Log', 'showLog'],
        ],
      };
    case 'ready': {
      const problem = [...problems].find(([key]) => !/^(spectrum|parts|forgetting|interference)/.test(key));
      if (problem) {
        return {
          ...{ headline: 'A part of the run could not be read.', detail: problem[1], error: true },
          buttons: [['Try Again', 'retry']],
        };
      }
      if (host.failure) return { ...host.failure, error: true, buttons: [['Show Log', 'showLog']] };
      if (host.run?.updates === 0) {
        const headline = host.live ? 'Waiting for the first update…' : 'This run holds no update.';
        return { headline, buttons: [] };
      }
      return undefined;
    }
  }
}

/** The words and buttons of a phase, and in an empty view the newest runs. */
export function messagePanel(parent: HTMLElement, { command }: ViewActions): Draw {
  const panel = element('section', 'message');
  parent.append(panel);
  let shown: string | undefined;

  return state => {
    const message = messageOf(state);
    const recent = state.host.phase === 'empty' ? (state.host.recent ?? []) : [];
    const key = JSON.stringify([message, recent]);
    if (key === shown) return;
    shown = key;
    panel.hidden = !message;
    panel.classList.toggle('banner', state.host.phase === 'ready');
    panel.replaceChildren();
    if (!message) return;
    const headline = element(
      'h2',
      message.error ? 'headline error' : 'headline',
      element('span', '', message.headline),
    );
    if (message.error) {
      headline.prepend(icon('warning'));
      panel.setAttribute('role', 'alert');
    } else panel.removeAttribute('role');
    panel.append(headline);
    if (message.detail) panel.append(element('p', message.error ? '' : 'dim', message.detail));
    const row = element('div', 'buttons');
    message.buttons.forEach(([label, id], i) => {
      row.append(button({ label, secondary: i > 0, onClick: () => command(id) }));
    });
    if (message.buttons.length) panel.append(row);
    if (recent.length) {
      const list = element('ul', 'recent', element('li', 'dim', 'Recent runs'));
      for (const { path, title, updates } of recent) {
        const link = element('button', 'link', title);
        link.type = 'button';
        link.addEventListener('click', () => command('openRun', path));
        list.append(element('li', '', link, element('span', 'dim', `, ${grouped(updates)} updates`)));
      }
      panel.append(list);
    }
  };
}
