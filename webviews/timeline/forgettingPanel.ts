import { forgetting, forgettingHeight } from '../charts/forgetting.ts';
import { forgettingMatrix, forgettingMatrixHeight } from '../charts/forgettingMatrix.ts';
import { lineTrack } from '../charts/lineTrack.ts';
import { button } from '../ui/button.ts';
import { element, setText } from '../ui/dom.ts';
import { grouped } from '../ui/format.ts';
import { percent } from './describe.ts';
import {
  curveLines,
  curvesOf,
  describeCurves,
  describeForgetting,
  describeMatrix,
  forgettingData,
  matrixOf,
  nats,
} from './forgettingData.ts';
import { interferencePart } from './interferencePart.ts';
import type { ViewState } from './state.ts';
import type { Draw, Surroundings, ViewActions } from './viewContext.ts';
import { LEAST_MOMENTS, momentsOf } from './wants.ts';

const CURVES = 64;

/** What became of the run's probes: their scores over time, the forgetting matrix, stability gap and interference. */
export function forgettingPanel(parent: HTMLElement, actions: ViewActions): Draw {
  const words = element('p', 'dim');
  const ask = (label: string, name: 'pinProbes' | 'probesInterval') =>
    button({ label, secondary: true, onClick: () => actions.command(name) });
  const pin = ask('Pin Probes to Workspace', 'pinProbes');
  const interval = ask('Probe Interval', 'probesInterval');
  const charts = element('div');
  const section = element('section', 'forgetting', element('h2', '', 'Forgetting'), words, charts);
  const drawInterference = interferencePart(section, actions);
  section.append(element('div', 'buttons', pin, interval));
  parent.append(section);
  let drawn: readonly unknown[] = [];

  return (state, surroundings) => {
    const { run } = state.host;
    if (!run) return;
    const said = wordsOf(state);
    setText(words, said);
    words.hidden = said === '';
    pin.hidden = run.probes.length > 0;
    interval.hidden = run.probes.length === 0 || momentsOf(run).length >= LEAST_MOMENTS;
    drawInterference(state, surroundings);
    const { theme, panelWidth } = surroundings;
    const keys = [run, state.forgetting, theme, panelWidth];
    if (panelWidth <= 0 || keys.every((key, i) => key === drawn[i])) return;
    drawn = keys;
    charts.replaceChildren(
      ...overTime(state, surroundings),
      ...matrix(state, surroundings),
      ...curves(state, surroundings),
    );
  };
}

function wordsOf({ host, forgetting, problems }: ViewState): string {
  const run = host.run!;
  if (run.probes.length === 0)
    return 'Pin probes to the workspace to see forgetting: every training then scores them.';
  if (momentsOf(run).length < LEAST_MOMENTS) {
    return host.live
      ? 'Shown when the probes have been scored three times.'
      : 'The probes were scored only before and after. Set an interval, and the next training scores them in between.';
  }
  const problem = [...problems].find(([key]) => key.startsWith('forgetting'));
  return problem?.[1] ?? (forgetting ? '' : 'Being read…');
}

/** A chart with its text alternative under a heading. */
function figure(
  heading: string,
  label: string,
  height: number,
): { nodes: HTMLElement[]; chart: HTMLElement } {
  const chart = element('div', 'chart');
  chart.style.height = `${height}px`;
  const node = element('figure', '', chart);
  node.setAttribute('role', 'img');
  node.setAttribute('aria-label', label);
  return { nodes: [element('h3', 'dim', heading), node], chart };
}

function overTime(state: ViewState, { theme, panelWidth: width }: Surroundings): HTMLElement[] {
  const data = forgettingData(state);
  if (!data) return [];
  const height = forgettingHeight(data.probes.length);
  const most = percent(Math.max(...data.scores.flat().filter(Number.isFinite)));
  const heading = `p(answer) over the run, the highest ${most}`;
  const { nodes, chart } = figure(heading, describeForgetting(data), height);
  forgetting(chart, data, { width, theme });
  return nodes;
}

function matrix(state: ViewState, { theme, panelWidth: width }: Surroundings): HTMLElement[] {
  const data = matrixOf(state);
  if (!data) return [];
  const { report } = state.forgetting!;
  const { nodes, chart } = figure(
    'score of each fact (column) once this one was written (row); last row: at the end. Nats a token',
    describeMatrix(state.forgetting!),
    forgettingMatrixHeight(data.facts.length),
  );
  forgettingMatrix(chart, data, { width, theme });
  const lines = [
    ['ACC, mean at the end', `${nats(report.average)} nats`],
    ['BWT, since writing', `${nats(report.backwardTransfer)} nats`],
  ];
  const numbers = lines.map(([name, value]) =>
    element('div', '', element('dt', 'dim', name), element('dd', 'number', value)),
  );
  return [...nodes, element('dl', 'numbers', ...numbers)];
}

function curves(state: ViewState, { theme, panelWidth: width }: Surroundings): HTMLElement[] {
  const found = curvesOf(state);
  if (!found) return [];
  const { from, to, low, high } = found;
  const { nodes, chart } = figure(
    'score since its writing (dotted), lowest ringed: the stability gap',
    describeCurves(state.forgetting!),
    CURVES,
  );
  const { lines, ...scales } = curveLines(found, theme);
  lineTrack(chart, lines, { ...scales, width, height: CURVES, theme });
  const range = `from ${nats(low)} to +${nats(high)} nats a token, tokens ${grouped(from)} to ${grouped(to)}`;
  return [...nodes, element('p', 'dim small', range)];
}
