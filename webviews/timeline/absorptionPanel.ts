import type { AbsorptionReport, RunInfo } from '../../engine/protocol/index.ts';
import { contributions, signed } from '../charts/contributions.ts';
import { handOver } from '../charts/handOver.ts';
import { cmsIndex } from '../charts/levelColor.ts';
import { button } from '../ui/button.ts';
import { element } from '../ui/dom.ts';
import { fixed, grouped } from '../ui/format.ts';
import { describeHandOver, describeLevel } from './absorptionWords.ts';
import { percent } from './describe.ts';
import { positionAfter } from './geometry.ts';
import type { ViewState } from './state.ts';
import type { Draw, Surroundings, ViewActions } from './viewContext.ts';

/** Which level's change a fact's gain is owed to, from the newest report about this run. */
export function absorptionPanel(parent: HTMLElement, { command }: ViewActions): Draw {
  const body = element('div', 'absorption');
  parent.append(element('section', '', element('h2', '', 'Which level learned this?'), body));
  const ask = button({
    label: 'Which Level Learned This?',
    secondary: true,
    onClick: () => command('whichLevel'),
  });
  let drawn: readonly unknown[] = [];

  return (state, surroundings) => {
    const { absorption, run } = state.host;
    const keys = [absorption?.report, surroundings.theme, surroundings.panelWidth, run?.id];
    if (keys.every((key, i) => key === drawn[i]) && body.firstChild) return;
    drawn = keys;
    if (!absorption || !run) {
      body.replaceChildren(
        element('p', 'dim', 'Select a fact in the text, or a probe, and ask.'),
        element('div', 'buttons', ask),
      );
      return;
    }
    if (surroundings.panelWidth > 0)
      body.replaceChildren(...contents(state, run, surroundings), element('div', 'buttons', ask));
  };
}

function contents(state: ViewState, run: RunInfo, surroundings: Surroundings): HTMLElement[] {
  const { fact, report } = state.host.absorption!;
  const probe = element('div', 'probe', `${fact.prompt.trimEnd()} `, element('u', '', fact.answer.trim()));
  const gain = element(
    'div',
    'gain',
    ...[element('span', 'dim', 'p '), element('span', 'big number', percent(Math.exp(report.before)))],
    ...[element('span', 'dim', ' → '), element('span', 'big number', percent(Math.exp(report.after)))],
    element('span', 'nats number', `${signed(report.gain)} ± ${fixed(report.standardError, 2)} nats`),
  );
  const parts: HTMLElement[] = [probe, gain];
  if (!report.significant) {
    parts.push(
      element(
        'p',
        '',
        `n/a: the gain is within two standard errors of zero (±${fixed(2 * report.standardError, 2)} nats), so no level can be credited with it.`,
      ),
    );
  }
  parts.push(
    element('h3', 'dim', 'contribution of each level’s change'),
    shapleyChart(report, run, surroundings),
    legend(),
  );
  const { handOver: over } = report;
  if (report.significant && over.updates.length > 1) {
    parts.push(
      element('h3', 'dim', 'hand-over between levels, nats'),
      handOverChart(state, run, surroundings),
    );
  }
  parts.push(sideEffects(state, report));
  parts.push(
    element(
      'p',
      'dim small',
      'Contribution of a level’s change to this probe. It does not say where a fact is stored.',
    ),
  );
  return parts;
}

const cmsLevels = (run: RunInfo): number => run.levels.filter(({ id }) => cmsIndex(id) >= 0).length;

function shapleyChart(
  report: AbsorptionReport,
  run: RunInfo,
  { theme, panelWidth }: Surroundings,
): HTMLElement {
  const chart = element('div', 'chart');
  contributions(chart, { ...report, cmsLevels: cmsLevels(run) }, { width: panelWidth, theme });
  return element('div', '', chart, table(report));
}

/** The same as a table, for screen readers. */
function table(report: AbsorptionReport): HTMLElement {
  const rows = report.levels.map(level =>
    element('tr', '', element('th', '', level.level), element('td', '', describeLevel(level, report))),
  );
  const node = element(
    'table',
    'hidden-text',
    element('caption', '', 'Contribution of each level’s change'),
    element('tbody', '', ...rows),
  );
  return node;
}

function legend(): HTMLElement {
  const node = element('div', 'keys-of-chart dim');
  for (const [mark, text] of [
    ['swatch', 'Shapley value'],
    ['bracket', 'random deltas, ±2 sd'],
    ['hollow', 'lost without it'],
    ['filled', 'gained by it alone'],
  ]) {
    node.append(element('span', '', element('i', mark), text));
  }
  node.setAttribute('aria-hidden', 'true');
  return node;
}

function handOverChart(
  { host, pieces }: ViewState,
  run: RunInfo,
  { theme, panelWidth }: Surroundings,
): HTMLElement {
  const { handOver: over, levels } = host.absorption!.report;
  const chart = element('div', 'chart');
  const tokens = over.updates.map(updates => positionAfter(run, pieces[0], updates));
  const ids = levels.map(({ level }) => level);
  const data = { levels: ids, tokens, shapley: over.shapley, cmsLevels: cmsLevels(run) };
  handOver(chart, data, { width: panelWidth, theme });
  const figure = element('figure', '', chart);
  figure.setAttribute('role', 'img');
  figure.setAttribute('aria-label', describeHandOver(ids, tokens, over.shapley));
  return figure;
}

function sideEffects({ pieces, host }: ViewState, report: AbsorptionReport): HTMLElement {
  const run = host.run!;
  const change = ({ before, after }: { before: number; after: number }): string => signed(after - before);
  const lines: (readonly [string, string])[] = [];
  if (report.halfGainAt !== undefined) {
    lines.push([
      'half of the gain reached',
      `token ${grouped(positionAfter(run, pieces[0], report.halfGainAt))}`,
    ]);
  }
  if (report.paraphrases.length)
    lines.push(['paraphrases', `${report.paraphrases.map(change).join(', ')} nats`]);
  if (report.neighbours.length)
    lines.push(['neighbouring facts', `${report.neighbours.map(change).join(', ')} nats`]);
  lines.push(['between updates', `${grouped(report.from)} and ${grouped(report.to)}`]);
  return element(
    'dl',
    'numbers',
    ...lines.map(([name, value]) =>
      element('div', '', element('dt', 'dim', name), element('dd', 'number', value)),
    ),
  );
}
