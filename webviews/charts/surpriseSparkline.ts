import { type Column, type Stretch, type TimeSpan, tokenColumns } from './columns.ts';
import { hatch } from './hatch.ts';
import { mixOklab } from './oklab.ts';
import { type Heads, playheads } from './playhead.ts';
import { surprise01, surpriseStep } from './scales.ts';
import type { Shape } from './shapes.ts';
import { CANVAS_BELOW, chartSurface } from './surface.ts';
import type { Theme } from './theme.ts';
import { timeAxis } from './timeAxis.ts';

export interface SurpriseData {
  /** Surprise in nats, one a token, in stream order. */
  readonly stretches: readonly Stretch[];
  /** Stream positions at which a further pass over the text begins, with its number. */
  readonly passes?: readonly { readonly position: number; readonly pass: number }[];
}

export interface SurpriseOptions {
  readonly span: TimeSpan;
  readonly width: number;
  readonly theme: Theme;
  readonly heads: Heads;
  readonly number: (token: number) => string;
  readonly caption?: string;
}

export const SURPRISE_HEIGHT = 24;
export const SURPRISE_TOTAL_HEIGHT = 40;

/** Surprise of every token in the window: height 0 to 8 nats, colour in steps of 1 nat, with the time axis. */
export function surpriseSparkline(container: HTMLElement, data: SurpriseData, options: SurpriseOptions) {
  const surface = chartSurface(container);
  const update = (data: SurpriseData, options: SurpriseOptions): void => {
    const { width, theme, span } = options;
    const dense = width / (span.to - span.from) < CANVAS_BELOW;
    const { marks, labels } = surpriseShapes(data, options);
    surface.draw({ width, height: SURPRISE_TOTAL_HEIGHT, marks, labels, dense, theme });
  };
  update(data, options);
  return update;
}

/** The sparkline's shapes, marks below labels; exported files use them too. */
export function surpriseShapes(
  data: SurpriseData,
  options: SurpriseOptions,
): { readonly marks: Shape[]; readonly labels: Shape[] } {
  const { width, theme, span, heads } = options;
  const x = (token: number): number => ((token - span.from) / (span.to - span.from)) * width;
  const rails: Shape[] = [0.5, SURPRISE_HEIGHT - 0.5].map(y => ({
    kind: 'line',
    x1: 0,
    y1: y,
    x2: width,
    y2: y,
    stroke: theme.line,
    dash: [1, 3],
  }));
  const kept = data.stretches[0]?.position ?? span.from;
  const missing = kept > span.from ? hatch(0, Math.min(width, x(kept)), SURPRISE_HEIGHT, theme) : [];
  const colors = theme.highContrast
    ? theme.surprise.map(() => theme.foreground)
    : theme.surprise.map(step => mixOklab(step, theme.foreground, 0.88));
  const columns = tokenColumns(data.stretches, span, width);
  const passes = data.passes ?? [];
  const names = passes.map(({ position, pass }) => ({ position, text: `pass ${pass}` }));
  return {
    marks: columns.map(column => bar(column, colors)),
    labels: [
      ...rails,
      ...missing,
      ...passes.flatMap(({ position }) => passLine(x(position), width, theme)),
      ...timeAxis({ ...options, y: SURPRISE_HEIGHT, names }),
      ...playheads(heads, span, width, SURPRISE_HEIGHT, theme),
    ],
  };
}

function bar({ x, width, value }: Column, colors: readonly string[]): Shape {
  const height = Math.max(1, surprise01(value) * SURPRISE_HEIGHT);
  return { kind: 'rect', x, y: SURPRISE_HEIGHT - height, width, height, fill: colors[surpriseStep(value)] };
}

function passLine(x: number, width: number, theme: Theme): Shape[] {
  if (x < 0 || x > width) return [];
  const at = Math.round(x) + 0.5;
  return [{ kind: 'line', x1: at, y1: 0, x2: at, y2: SURPRISE_HEIGHT, stroke: theme.dim, dash: [3, 2] }];
}
