import type { ChartExport, ChartFormat } from '../../engine/protocol/index.ts';
import type { SpectrumView, TensorView } from '../../engine/protocol/inspectorRequests.ts';
import { HISTOGRAM_HEIGHT, histogramShapes } from '../charts/histogramChart.ts';
import { matrixShapes } from '../charts/matrixMap.ts';
import { NORMS_HEIGHT, normsShapes } from '../charts/normsChart.ts';
import { pngBytes } from '../charts/pngBytes.ts';
import type { Shape } from '../charts/shapes.ts';
import { SPECTRUM_HEIGHT, spectrumShapes } from '../charts/spectrumChart.ts';
import { type Picture, svgText } from '../charts/svgText.ts';
import type { Theme } from '../charts/theme.ts';
import { translate } from '../charts/translate.ts';
import { largest } from './chartsPanel.ts';
import { selectedTensor, spectrumKey, type ViewState, viewKey } from './state.ts';
import { colorOf } from './viewContext.ts';
import { methodWords, sampleWords, statisticsSpeech, tensorFacts } from './words.ts';

const [COLUMN, GAP, TOP, HEAD] = [400, 28, 64, 24];
const MAP_HEIGHT = 240;

/** What the inspector shows, in one of the formats. @throws Error before it has been read, or on another format. */
export async function exportCharts(
  format: ChartFormat,
  state: ViewState,
  theme: Theme,
): Promise<ChartExport> {
  const shown = shownIn(state);
  switch (format) {
    case 'svg': {
      const title = statisticsSpeech(shown.view.name, shown.view.weight.statistics);
      return { format, text: svgText(picture(state, shown, theme), theme, title) };
    }
    case 'png':
      return { format, bytes: await pngBytes(picture(state, shown, theme), theme) };
    case 'csv':
      return { format, text: csv(shown) };
    case 'json':
      return { format, text: json(state, shown) };
    default:
      throw new Error(`cannot export ${String(format satisfies never)}; choose svg, png, csv or json`);
  }
}

interface Shown {
  readonly view: TensorView;
  /** Absent for a vector, or before it is known. */
  readonly spectrum?: SpectrumView;
}

function shownIn(state: ViewState): Shown {
  const view = state.view?.key === viewKey(state) ? state.view.value : undefined;
  if (!view) throw new Error('the tensor has not been read yet; export it when its charts are there');
  const spectrum = state.spectrum?.key === spectrumKey(state) ? state.spectrum.value : undefined;
  return { view, spectrum };
}

/** The charts in two columns under the name of the tensor. */
function picture(state: ViewState, { view, spectrum }: Shown, theme: Theme): Picture {
  const tensor = selectedTensor(state)!;
  const color = colorOf(state, tensor.level, theme);
  const options = { width: COLUMN, theme, color };
  const { weight, delta } = view;
  const { heat } = weight;
  const text = (x: number, y: number, text: string, fill = theme.foreground, bold = false): Shape => ({
    ...{ kind: 'text', x, y, text, fill },
    bold,
  });
  const parts: { title: string; height: number; shapes: Shape[] }[] = [];
  const sample = sampleWords(weight.statistics);
  const values = { weight: weight.histogram, delta: delta?.histogram };
  parts.push({
    title: `Values, count on a log axis${sample ? `, ${sample}` : ''}`,
    ...{ height: HISTOGRAM_HEIGHT, shapes: histogramShapes(values, options) },
  });
  if (spectrum) {
    const of = spectrum.delta ?? spectrum.weight;
    const data = {
      ...{ weight: spectrum.weight.values, delta: spectrum.delta?.values ?? [] },
      effectiveRank: of.effectiveRank ?? 0,
    };
    const shapes = spectrumShapes(data, options);
    parts.push({ title: `Singular values, ${methodWords(of)}`, height: SPECTRUM_HEIGHT, shapes });
  }
  const maps = [
    ['W', heat, theme.foreground],
    ...(delta ? ([['ΔW', delta.heat, color]] as const) : []),
  ] as const;
  for (const [title, map, paint] of maps) {
    if (map.down === 0 || map.across === 0) continue;
    const height = Math.round(Math.min(MAP_HEIGHT, Math.max(12, (COLUMN * map.rows) / map.columns)));
    const width = Math.round(Math.min(COLUMN, Math.max(12, (height * map.columns) / map.rows)));
    const top = largest(map.rms);
    const shapes = matrixShapes(map, { width, height, theme, color: paint, top });
    parts.push({
      title: `${title}, ${map.rows} × ${map.columns}, 0 to ${top.toPrecision(3)} rms`,
      height,
      shapes,
    });
  }
  if (heat.rows > 1) {
    const data = {
      ...{ indices: heat.rowIndices, weight: heat.rowNorms, rows: heat.rows },
      delta: delta?.heat.rowNorms,
    };
    parts.push({ title: 'Row norms', height: NORMS_HEIGHT, shapes: normsShapes(data, options) });
  }
  const shapes: Shape[] = [
    { ...text(GAP, 26, tensor.name, theme.foreground, true), size: 13 } as Shape,
    text(GAP, 44, tensorFacts(tensor), theme.dim),
  ];
  let y = TOP;
  for (let i = 0; i < parts.length; i += 2) {
    const row = parts.slice(i, i + 2);
    row.forEach((part, column) => {
      const x = GAP + column * (COLUMN + GAP);
      shapes.push(text(x, y + 14, part.title, theme.foreground, true));
      shapes.push(...translate(part.shapes, x, y + HEAD));
    });
    y += HEAD + Math.max(...row.map(({ height }) => height)) + 16;
  }
  return { width: 3 * GAP + 2 * COLUMN, height: y, shapes };
}

/** A line a point of the histogram, the spectrum and the row norms: chart, x, of W, of ΔW. */
function csv({ view, spectrum }: Shown): string {
  const lines = ['chart,x,weight,delta'];
  const add = (chart: string, x: number, weight?: number, delta?: number) =>
    lines.push(`${chart},${x},${weight ?? ''},${delta ?? ''}`);
  for (const [name, picture] of [
    ['weight', view.weight],
    ['delta', view.delta],
  ] as const) {
    const steps = picture?.histogram;
    if (!steps) continue;
    const width = (steps.max - steps.min) / steps.counts.length;
    steps.counts.forEach((count, i) => {
      const x = steps.min + (i + 0.5) * width;
      add('count', x, ...(name === 'weight' ? [count] : [undefined, count]));
    });
  }
  spectrum?.weight.values.forEach((value, i) => {
    add('singular value', i + 1, value, spectrum.delta?.values[i]);
  });
  const { heat } = view.weight;
  heat.rowNorms.forEach((norm, i) => {
    add('row norm', heat.rowIndices[i], norm, view.delta?.heat.rowNorms[i]);
  });
  return `${lines.join('\n')}\n`;
}

/** Everything that the charts are drawn from. */
function json(state: ViewState, { view, spectrum }: Shown): string {
  const plain = (_: string, value: unknown) =>
    ArrayBuffer.isView(value) ? Array.from(value as Float32Array) : value;
  const tensor = selectedTensor(state);
  return JSON.stringify({ tensor, ...view, spectrum, against: state.host.comparison?.path }, plain);
}
