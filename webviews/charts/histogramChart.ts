import { format } from 'd3';
import type { Shape } from './shapes.ts';
import { chartSurface } from './surface.ts';
import type { Theme } from './theme.ts';

/** Counts in equal steps from `min` to `max`. */
export interface HistogramSteps {
  readonly min: number;
  readonly max: number;
  readonly counts: ArrayLike<number>;
}

export interface HistogramData {
  readonly weight?: HistogramSteps;
  readonly delta?: HistogramSteps;
}

export interface HistogramOptions {
  readonly width: number;
  readonly theme: Theme;
  readonly color: string;
}

export const HISTOGRAM_HEIGHT = 160;
const [LEFT, TOP, BOTTOM] = [40, 14, 20];
const short = format('.2~g');

/** Values along x, counts on a log axis: W in grey, what changed in the level's colour. */
export function histogramChart(container: HTMLElement, data: HistogramData, options: HistogramOptions) {
  const surface = chartSurface(container);
  const update = (data: HistogramData, options: HistogramOptions): void => {
    const { width, theme } = options;
    const labels = histogramShapes(data, options);
    surface.draw({ width, height: HISTOGRAM_HEIGHT, marks: [], labels, dense: false, theme });
  };
  update(data, options);
  return update;
}

/** The chart's shapes; exported files use them too. */
export function histogramShapes({ weight, delta }: HistogramData, options: HistogramOptions): Shape[] {
  const { width, theme, color } = options;
  const all = [weight, delta].filter(steps => steps !== undefined);
  const base = HISTOGRAM_HEIGHT - BOTTOM;
  if (all.length === 0) {
    return [{ kind: 'text', x: LEFT, y: base / 2, text: 'no finite values', fill: theme.dim }];
  }
  let [min, max] = [Math.min(...all.map(steps => steps.min)), Math.max(...all.map(steps => steps.max))];
  if (min === max) [min, max] = [min - Math.abs(min || 1) / 2, max + Math.abs(max || 1) / 2];
  const most = Math.max(
    1,
    ...all.map(({ counts }) => Array.from(counts).reduce((a, b) => Math.max(a, b), 0)),
  );
  const decades = Math.max(1, Math.ceil(Math.log10(most)));
  const x = (value: number): number => LEFT + ((value - min) / (max - min)) * (width - LEFT - 8);
  // A count of 1 is above the axis, one of 0 on it.
  const y = (count: number): number =>
    base - (count > 0 ? (Math.log10(count) + 0.3) / (decades + 0.3) : 0) * (base - TOP);
  const shapes: Shape[] = [
    { kind: 'line', x1: LEFT, y1: base + 0.5, x2: width, y2: base + 0.5, stroke: theme.line },
  ];
  const every = Math.ceil(decades / 4);
  for (let decade = 0; decade <= decades; decade += every) {
    const at = Math.round(y(10 ** decade)) + 0.5;
    shapes.push(
      { kind: 'line', x1: LEFT, y1: at, x2: width, y2: at, stroke: theme.line, dash: [1, 3] },
      {
        ...{ kind: 'text', x: LEFT - 4, y: at + 4, text: decade < 3 ? String(10 ** decade) : `1e${decade}` },
        ...{ fill: theme.dim, anchor: 'end', number: true },
      },
    );
  }
  const ends = [min, (min + max) / 2, max];
  ends.forEach((value, i) => {
    shapes.push({
      ...{ kind: 'text', x: x(value), y: HISTOGRAM_HEIGHT - 5, text: short(value).replace('−', '−') },
      ...{ fill: theme.dim, anchor: (['start', 'middle', 'end'] as const)[i], number: true },
    });
  });
  const line = ({ min: low, max: high, counts }: HistogramSteps, stroke: string, dash?: number[]): Shape => {
    const points: number[] = [];
    const step = counts.length > 1 ? (high - low) / counts.length : (max - min) / 48;
    const from = counts.length > 1 ? low : low - step / 2;
    points.push(x(from), base);
    for (let i = 0; i < counts.length; i++) {
      points.push(x(from + i * step), y(counts[i]), x(from + (i + 1) * step), y(counts[i]));
    }
    points.push(x(from + counts.length * step), base);
    return { kind: 'polyline', points, stroke, width: 1.25, dash };
  };
  if (weight) shapes.push(line(weight, delta ? theme.dim : theme.foreground));
  if (delta)
    shapes.push({ ...line(delta, color, theme.highContrast ? [4, 2] : undefined), width: 1.75 } as Shape);
  return shapes;
}
