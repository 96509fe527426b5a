import { button } from '../ui/button.ts';
import { element } from '../ui/dom.ts';
import { grouped } from '../ui/format.ts';
import { icon } from '../ui/icon.ts';
import type { ViewState } from './state.ts';
import type { Draw, ViewActions } from './viewContext.ts';

/** What to say in place of the checkpoint, or of its comparison above it. */
export function messagePanel(parent: HTMLElement, { command }: ViewActions): Draw {
  const panel = element('section', 'message');
  parent.append(panel);
  let shown: string | undefined;

  return state => {
    const message = messageOf(state);
    const key = JSON.stringify(message);
    if (key === shown) return;
    shown = key;
    panel.hidden = !message;
    panel.replaceChildren();
    if (!message) return;
    const { headline, detail, error, buttons } = message;
    const head = element('h2', error ? 'headline error' : 'headline', element('span', '', headline));
    if (error) head.prepend(icon('warning'));
    if (error) panel.setAttribute('role', 'alert');
    else panel.removeAttribute('role');
    panel.append(head);
    if (detail) panel.append(element('p', '', detail));
    const nodes = buttons.map(([label, id], i) =>
      button({ label, secondary: i > 0, onClick: () => command(id) }),
    );
    if (nodes.length) panel.append(element('div', 'buttons', ...nodes));
  };
}

interface Message {
  readonly headline: string;
  readonly detail?: string;
  readonly error?: boolean;
  readonly buttons: readonly (readonly [string, Parameters<ViewActions['command']>[0]])[];
}

/** Undefined where the checkpoint speaks for itself. */
export function messageOf({ host }: Pick<ViewState, 'host'>): Message | undefined {
  if (host.phase === 'loading') return { headline: 'Reading the checkpoint…', buttons: [] };
  if (host.phase === 'failed') {
    const buttons = [['Try Again', 'retry'] as const, ['Show Log', 'showLog'] as const];
    return { headline: 'The checkpoint cannot be shown.', detail: host.failure, error: true, buttons };
  }
  const { comparison } = host;
  if (!comparison) return undefined;
  const other = comparison.path.split(/[/\\]/).at(-1);
  const end = ['End Comparison', 'endComparison'] as const;
  if (comparison.phase === 'failed') {
    const headline = `It cannot be compared with ${other}.`;
    return { headline, detail: comparison.failure, error: true, buttons: [end] };
  }
  if (comparison.phase === 'comparing') {
    const { done, total } = comparison;
    const far = total ? `, ${grouped(done)} of ${grouped(total)} tensors` : '';
    return { headline: `Comparing with ${other}${far}`, buttons: [end] };
  }
  const { unmatched } = comparison;
  const parts = [
    `${grouped(comparison.rows.filter(({ delta }) => delta > 0).length)} of ${grouped(comparison.rows.length)} tensors changed`,
    ...(unmatched?.missing.length ? [`${grouped(unmatched.missing.length)} only here`] : []),
    ...(unmatched?.added.length ? [`${grouped(unmatched.added.length)} only there`] : []),
    ...(unmatched?.reshaped.length ? [`${grouped(unmatched.reshaped.length)} of another shape`] : []),
  ];
  const what = comparison.base ? `Changed since its base ${other}` : `Compared with ${other}`;
  return { headline: `${what}: ${parts.join(', ')}`, buttons: [end] };
}
