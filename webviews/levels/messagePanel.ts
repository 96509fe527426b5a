import type { LevelsCommand, LevelsState } from '../../engine/protocol/index.ts';
import { button } from '../ui/button.ts';
import { element } from '../ui/dom.ts';
import { icon } from '../ui/icon.ts';
import type { ViewState } from './state.ts';
import type { Draw, ViewActions } from './viewContext.ts';

interface Message {
  readonly headline?: string;
  readonly detail?: string;
  readonly error?: boolean;
  /** The first is the primary one. */
  readonly buttons: readonly (readonly [label: string, command: LevelsCommand])[];
  readonly hint?: readonly (string | { readonly key: string })[];
}

/** What to say and to offer in a phase; undefined where the tracks speak for themselves. */
export function messageOf({ host, history }: Pick<ViewState, 'host' | 'history'>): Message | undefined {
  const nothingYet = history.updates.length === 0;
  switch (host.phase) {
    case 'no-model':
      return {
        headline: 'No model is loaded.',
        detail: 'Choose a folder with a Hope model: config.json, tokenizer.json and model.safetensors.',
        buttons: [['Select Model', 'selectModel']],
      };
    case 'loading':
      return { headline: host.model ? `Loading ${host.model.name}…` : 'Loading the model…', buttons: [] };
    case 'idle':
      return nothingYet ? welcome(host) : { buttons: [['Train on Selection', 'train']] };
    case 'running':
      return undefined;
    case 'finished':
    case 'cancelled':
      return {
        buttons: [
          ['Train Again', 'train'],
          ['Export', 'export'],
        ],
      };
    case 'failed':
      return {
        headline: host.failure?.headline ?? 'Training stopped.',
        detail: host.failure?.detail,
        error: true,
        buttons: [
          ['Train Again', 'train'],
          ['Show Engine Log', 'showLog'],
        ],
      };
  }
}

function welcome({ model }: LevelsState): Message {
  const name = model ? ` with ${model.name}` : '';
  return {
    headline: 'No run is open.',
    detail: `Select text in an editor and train on it${name} to see which level changes, update by update.`,
    buttons: [
      ['Train on Selection', 'train'],
      ['Train on File', 'trainFile'],
    ],
    hint: ['By keyboard: select text and press ', { key: trainKey() }, '.'],
  };
}

/** The default keybinding of the manifest. */
const trainKey = (): string => (/mac/i.test(navigator.platform) ? 'Cmd+Option+T' : 'Ctrl+Alt+T');

/** The words and buttons of a phase. */
export function messagePanel(parent: HTMLElement, { command }: ViewActions): Draw {
  const panel = element('section', 'message');
  parent.append(panel);
  let shown: string | undefined;

  return state => {
    const message = messageOf(state);
    const key = JSON.stringify(message) ?? '';
    if (key === shown) return;
    shown = key;
    // A phase may take the focused button away; the keyboard then continues at the new one.
    const hadFocus = panel.contains(document.activeElement);
    panel.hidden = message === undefined;
    panel.replaceChildren(...(message ? contents(message, command) : []));
    if (hadFocus) panel.querySelector<HTMLElement>('vscode-button')?.focus();
  };
}

function contents(message: Message, command: ViewActions['command']): Node[] {
  const { headline, detail, error, buttons, hint } = message;
  const nodes: Node[] = [];
  if (headline) {
    const text = element('h2', error ? 'headline error' : 'headline', element('span', '', headline));
    if (error) text.prepend(icon('warning'));
    nodes.push(text);
  }
  if (detail) nodes.push(element('p', error ? '' : 'dim', detail));
  const row = element('div', headline ? 'buttons stacked' : 'buttons');
  buttons.forEach(([label, id], i) => {
    row.append(button({ label, secondary: i > 0, onClick: () => command(id) }));
  });
  if (buttons.length) nodes.push(row);
  if (hint) {
    const keys = hint.map(part => (typeof part === 'string' ? part : element('kbd', '', part.key)));
    nodes.push(element('p', 'hint dim', ...keys));
  }
  return nodes;
}
