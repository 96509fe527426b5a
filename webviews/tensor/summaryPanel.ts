import { levelMark } from '../charts/levelMark.ts';
import { button } from '../ui/button.ts';
import { element } from '../ui/dom.ts';
import { grouped } from '../ui/format.ts';
import type { ViewState } from './state.ts';
import { colorOf, type Draw, type ViewActions } from './viewContext.ts';
import { amount, bytesText, shapeText } from './words.ts';

const MOST_LISTED = 200;

/** The checkpoint as a whole: what it is, its levels, what was left out; with a comparison what has no partner. */
export function summaryPanel(parent: HTMLElement, { command }: ViewActions): Draw {
  const panel = element('section', 'summary');
  parent.append(panel);
  let drawn: readonly unknown[] = [];

  return (state, { theme }) => {
    const { info, comparison } = state.host;
    panel.hidden = !info || state.selected !== undefined;
    const keys = [info, comparison?.phase, comparison?.unmatched, theme, state.selected];
    if (panel.hidden || !info || keys.every((key, i) => key === drawn[i])) return;
    drawn = keys;
    const family = info.family === 'unknown' ? 'names of no known family' : `names of ${info.family}`;
    const compare = button({ label: 'Compare with…', secondary: true, onClick: () => command('compare') });
    const base = button({
      label: 'Change since Base…',
      secondary: true,
      onClick: () => command('compareBase'),
    });
    panel.replaceChildren(
      element('h1', '', info.path.split(/[/\\]/).at(-1) ?? info.path),
      element('p', 'dim', `${info.format}, ${family}`),
      element(
        'p',
        '',
        `${grouped(info.tensors.length)} tensors, ${amount(info.parameters)} parameters, ${bytesText(info.bytes)}`,
      ),
      element('div', 'buttons', compare, base),
      levelTable(state, theme),
      ...list('Notes', info.notes),
      ...unmatchedLists(state),
      ...metadata(info.metadata),
    );
  };
}

function levelTable(state: ViewState, theme: Parameters<typeof colorOf>[2]): HTMLElement {
  const info = state.host.info!;
  const rows = info.levels.map(({ id, period }) => {
    const own = info.tensors.filter(({ level, sameAs }) => level === id && sameAs === undefined);
    const parameters = own.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
    const mark = element('span', 'mark');
    levelMark(mark, id, { theme, color: colorOf(state, id, theme) });
    return element(
      'tr',
      '',
      element('th', '', mark, id),
      element('td', '', period ? grouped(period) : '–'),
      element('td', '', grouped(own.length)),
      element('td', '', amount(parameters)),
    );
  });
  const heads = ['level', 'period, tokens', 'tensors', 'parameters'].map(text => element('th', 'dim', text));
  return element('table', 'levels', element('tr', '', ...heads), ...rows);
}

function unmatchedLists({ host }: ViewState): HTMLElement[] {
  const unmatched = host.comparison?.unmatched;
  if (!unmatched) return [];
  return [
    ...list('Only in this checkpoint', unmatched.missing),
    ...list('Only in the other', unmatched.added),
    ...list(
      'Of another shape',
      unmatched.reshaped.map(
        ({ name, before, after }) => `${name}: ${shapeText(before)} → ${shapeText(after)}`,
      ),
    ),
  ];
}

function list(title: string, lines: readonly string[]): HTMLElement[] {
  if (lines.length === 0) return [];
  const shown = lines.slice(0, MOST_LISTED).map(line => element('li', '', line));
  const more = lines.length - shown.length;
  if (more > 0) shown.push(element('li', 'dim', `and ${grouped(more)} more`));
  return [element('h2', '', `${title} (${grouped(lines.length)})`), element('ul', '', ...shown)];
}

function metadata(texts: Readonly<Record<string, string>>): HTMLElement[] {
  const entries = Object.entries(texts).filter(([key]) => !key.startsWith('hopescope.'));
  if (entries.length === 0) return [];
  const rows = entries
    .slice(0, MOST_LISTED)
    .map(([key, value]) =>
      element(
        'tr',
        '',
        element('th', 'dim', key),
        element('td', '', value.length > 300 ? `${value.slice(0, 300)}…` : value),
      ),
    );
  return [element('h2', '', 'Metadata'), element('table', 'metadata', ...rows)];
}
