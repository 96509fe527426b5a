import type { HeatMap } from '../../engine/protocol/index.ts';
import type { SpectrumView, TensorView } from '../../engine/protocol/inspectorRequests.ts';
import { histogramChart } from '../charts/histogramChart.ts';
import { matrixMap } from '../charts/matrixMap.ts';
import { normsChart } from '../charts/normsChart.ts';
import { spectrumChart } from '../charts/spectrumChart.ts';
import { element, setAttribute, setText } from '../ui/dom.ts';
import { grouped, significant } from '../ui/format.ts';
import { selectedTensor, spectrumKey, type ViewState } from './state.ts';
import { colorOf, type Draw, type Surroundings } from './viewContext.ts';
import { methodWords, rankText, sampleWords } from './words.ts';

const LOWEST_MAP = 12;
const HIGHEST_MAP = 280;

/** A chart with its heading, its caption for what was left out, and its text alternative. */
interface Figure {
  readonly node: HTMLElement;
  readonly chart: HTMLElement;
  say(title: string, caption: string, speech: string): void;
}

/** Histogram, singular values, heat maps and row norms of the selected tensor. */
export function chartsPanel(parent: HTMLElement): Draw {
  const histogram = figure('histogram');
  const spectrum = figure('spectrum');
  const weightMap = figure('map weight');
  const deltaMap = figure('map delta');
  const norms = figure('norms');
  const all = [histogram, spectrum, weightMap, deltaMap, norms];
  const charts = element('div', 'charts', ...all.map(({ node }) => node));
  parent.append(charts);
  let drawn: readonly unknown[] = [];

  return (state, surroundings) => {
    const tensor = selectedTensor(state);
    const view = state.view?.value?.name === tensor?.name ? state.view?.value : undefined;
    charts.hidden = !view;
    const singular = state.spectrum?.key === spectrumKey(state) ? state.spectrum : undefined;
    const keys = [view, singular, surroundings.theme, surroundings.chartWidth];
    if (!view || surroundings.chartWidth <= 0 || keys.every((key, i) => key === drawn[i])) return;
    drawn = keys;
    for (const { node } of all) node.style.width = `${surroundings.chartWidth}px`;
    const color = colorOf(state, tensor?.level, surroundings.theme);
    drawHistogram(histogram, view, color, surroundings);
    spectrum.node.hidden = (tensor?.shape.length ?? 0) < 2;
    drawSpectrum(spectrum, singular, color, surroundings);
    drawMaps(weightMap, deltaMap, view, color, surroundings);
    drawNorms(norms, view, color, surroundings);
  };
}

function figure(name: string): Figure {
  const title = element('h2');
  const caption = element('span', 'dim');
  const chart = element('div', 'chart');
  const node = element('figure', name, element('figcaption', '', title, caption), chart);
  chart.setAttribute('role', 'img');
  return {
    node,
    chart,
    say(text, more, speech) {
      setText(title, text);
      setText(caption, more);
      setAttribute(chart, 'aria-label', speech);
    },
  };
}

function drawHistogram(
  { chart, say }: Figure,
  { weight, delta }: TensorView,
  color: string,
  { theme, chartWidth: width }: Surroundings,
): void {
  const sample = sampleWords(weight.statistics);
  const both = delta ? ', W thin, ΔW bold' : '';
  const { min, max } = weight.statistics;
  say(
    'Values',
    `count of weights, log${both}${sample ? `; ${sample}` : ''}`,
    `Histogram of the values from ${significant(min)} to ${significant(max)}${delta ? ', and of their change' : ''}, counts on a log scale.`,
  );
  chart.replaceChildren();
  histogramChart(chart, { weight: weight.histogram, delta: delta?.histogram }, { width, theme, color });
}

function drawSpectrum(
  { chart, say }: Figure,
  answer: ViewState['spectrum'],
  color: string,
  { theme, chartWidth: width }: Surroundings,
): void {
  chart.replaceChildren();
  if (!answer?.value) {
    say('Singular values', answer?.problem ?? 'being computed…', 'Singular values are not known.');
    return;
  }
  const { weight, delta }: SpectrumView = answer.value;
  const shown = delta ?? weight;
  const both = delta ? 'W thin, ΔW bold; ' : '';
  say(
    'Singular values',
    `by index, log; ${both}${methodWords(shown)}`,
    `Singular values: largest of W ${significant(weight.values[0] ?? 0)}${delta ? `, of ΔW ${significant(delta.values[0] ?? 0)}` : ''}; ${rankText(shown)}.`,
  );
  const data = { weight: weight.values, delta: delta?.values ?? [], effectiveRank: shown.effectiveRank ?? 0 };
  spectrumChart(chart, data, { width, theme, color });
}

function drawMaps(
  left: Figure,
  right: Figure,
  { weight, delta }: TensorView,
  color: string,
  { theme, chartWidth }: Surroundings,
): void {
  const { heat } = weight;
  const empty = heat.down === 0 || heat.across === 0;
  left.node.hidden = empty;
  right.node.hidden = empty || !delta;
  if (empty) return;
  const ratio = heat.rows / heat.columns;
  const height = Math.round(Math.max(LOWEST_MAP, Math.min(HIGHEST_MAP, chartWidth * ratio)));
  const width = Math.round(Math.max(LOWEST_MAP, Math.min(chartWidth, Math.max(height / ratio, heat.across))));
  const cell = `a cell ${part(heat.rows, heat.down)} × ${part(heat.columns, heat.across)}`;
  const draw = (figure: Figure, title: string, map: HeatMap, paint: string) => {
    const top = largest(map.rms);
    const sample = sampleWords({ read: map.read, total: map.rows * map.columns });
    figure.say(
      title,
      `${grouped(map.rows)} × ${grouped(map.columns)}, ${cell}, 0 to ${significant(top)} rms${sample ? `; ${sample}` : ''}`,
      `Heat map of ${title}, ${map.rows} rows by ${map.columns} columns; the strongest cell has root mean square ${significant(top)}.`,
    );
    figure.chart.replaceChildren();
    matrixMap(figure.chart, map, { width, height, theme, color: paint, top });
  };
  draw(left, 'W', heat, theme.foreground);
  if (delta) draw(right, 'ΔW', delta.heat, color);
}

function drawNorms(
  { node, chart, say }: Figure,
  { weight, delta }: TensorView,
  color: string,
  { theme, chartWidth: width }: Surroundings,
): void {
  const { heat } = weight;
  node.hidden = heat.rows < 2;
  if (node.hidden) return;
  const shown = heat.rowNorms.length < heat.rows ? `, ${grouped(heat.rowNorms.length)} of them` : '';
  const both = delta ? '; W thin, ΔW bold' : '';
  say(
    'Row norms',
    `by row${shown}${both}`,
    `Norms of the rows, the largest ${significant(largest(heat.rowNorms))}.`,
  );
  chart.replaceChildren();
  const data = {
    indices: heat.rowIndices,
    weight: heat.rowNorms,
    delta: delta?.heat.rowNorms,
    rows: heat.rows,
  };
  normsChart(chart, data, { width, theme, color });
}

/** The largest of values that are not negative, whatever is NaN among them. */
export function largest(values: ArrayLike<number>): number {
  let most = 0;
  for (let i = 0; i < values.length; i++) if (values[i] > most) most = values[i];
  return most;
}

function part(length: number, cells: number): string {
  return String(Number((length / cells).toPrecision(2)));
}
