import type { TimeSpan } from './columns.ts';
import { hatch } from './hatch.ts';
import { mixOklab } from './oklab.ts';
import { surprise01, surpriseStep } from './scales.ts';
import type { Shape } from './shapes.ts';
import { type Steps, stepColumns } from './steps.ts';
import { CANVAS_BELOW, chartSurface } from './surface.ts';
import { comparedColor, type Theme } from './theme.ts';

export interface SurpriseBarsData {
  readonly series: readonly Steps[];
  /** A second run's, drawn as a thin line over the bars. */
  readonly other?: readonly Steps[];
  /** Position from which on nothing has been read; hatched. */
  readonly unread?: number;
}

export interface SurpriseBarsOptions {
  readonly span: TimeSpan;
  readonly width: number;
  readonly height: number;
  readonly theme: Theme;
}

/** Surprise along the time axis: height 0 to 8 nats, colour in steps of 1 nat. */
export function surpriseBars(container: HTMLElement, data: SurpriseBarsData, options: SurpriseBarsOptions) {
  const surface = chartSurface(container);
  const update = (data: SurpriseBarsData, options: SurpriseBarsOptions): void => {
    const { width, height, theme, span } = options;
    const dense = width / (span.to - span.from) < CANVAS_BELOW;
    surface.draw({ width, height, ...surpriseBarShapes(data, options), dense, theme });
  };
  update(data, options);
  return update;
}

/** The shapes, marks below labels; exported files use them too. */
export function surpriseBarShapes(
  { series, other, unread }: SurpriseBarsData,
  { span, width, height, theme }: SurpriseBarsOptions,
): { readonly marks: Shape[]; readonly labels: Shape[] } {
  const colors = theme.highContrast
    ? theme.surprise.map(() => theme.foreground)
    : theme.surprise.map(step => mixOklab(step, theme.foreground, 0.88));
  const top = height - 1;
  const marks = stepColumns(series, span, width).map(({ x, width, value }): Shape => {
    const tall = Math.max(1, surprise01(value) * top);
    return { kind: 'rect', x, y: top - tall, width, height: tall, fill: colors[surpriseStep(value)] };
  });
  const rail = (y: number, dash?: readonly number[]): Shape => ({
    ...{ kind: 'line', x1: 0, y1: y, x2: width, y2: y, stroke: theme.line, dash },
  });
  const labels = [rail(0.5, [1, 3]), rail(height - 0.5)];
  if (unread !== undefined && unread < span.to) {
    const x = Math.max(0, ((unread - span.from) / (span.to - span.from)) * width);
    labels.push(...hatch(x, width - x, height - 1, theme));
  }
  if (other) labels.push(...envelope(other, span, width, top, theme));
  return { marks, labels };
}

/** The upper edge of the second run's bars. */
function envelope(
  series: readonly Steps[],
  span: TimeSpan,
  width: number,
  top: number,
  theme: Theme,
): Shape[] {
  const columns = stepColumns(series, span, width).sort((a, b) => a.x - b.x);
  if (columns.length === 0) return [];
  const points = columns.flatMap(({ x, value }) => [x + 0.5, top - surprise01(value) * top]);
  return [{ kind: 'polyline', points, stroke: comparedColor(theme), width: 0.75 }];
}
