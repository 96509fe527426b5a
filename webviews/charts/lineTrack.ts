import type { TimeSpan } from './columns.ts';
import type { Shape } from './shapes.ts';
import { chartSurface } from './surface.ts';
import type { Theme } from './theme.ts';

export interface Line {
  /** Positions along the time axis in order, and a value each; NaN breaks the line. */
  readonly at: ArrayLike<number>;
  readonly values: ArrayLike<number>;
  readonly stroke: string;
  readonly width?: number;
  readonly dash?: readonly number[];
  /** A value holds until the next one. */
  readonly stepped?: boolean;
  /** Positions of dots: what was really measured. */
  readonly dots?: boolean;
  /** Index of a value to ring, such as the lowest. */
  readonly marked?: number;
}

export interface LineTrackOptions {
  readonly span: TimeSpan;
  readonly width: number;
  readonly height: number;
  readonly theme: Theme;
  /** A value's place, 0 at the bottom to 1 at the top. */
  readonly scale: (value: number) => number;
}

/** Lines of values along the time axis. */
export function lineTrack(container: HTMLElement, lines: readonly Line[], options: LineTrackOptions) {
  const surface = chartSurface(container);
  const update = (lines: readonly Line[], options: LineTrackOptions): void => {
    const { width, height, theme } = options;
    surface.draw({ width, height, marks: [], labels: lineShapes(lines, options), dense: false, theme });
  };
  update(lines, options);
  return update;
}

/** The track's shapes: maximum dotted, base line, lines; exported files use them too. */
export function lineShapes(lines: readonly Line[], options: LineTrackOptions): Shape[] {
  const { width, height, theme } = options;
  const rail = (y: number, dash?: readonly number[]): Shape => ({
    ...{ kind: 'line', x1: 0, y1: y, x2: width, y2: y, stroke: theme.line, dash },
  });
  return [rail(0.5, [1, 3]), rail(height - 0.5), ...lines.flatMap(line => shapesOf(line, options))];
}

function shapesOf(line: Line, { span, width, height, scale, theme }: LineTrackOptions): Shape[] {
  const x = (position: number): number => ((position - span.from) / (span.to - span.from)) * width;
  const y = (value: number): number => 1 + (height - 2) * (1 - Math.max(0, Math.min(1, scale(value))));
  const { stroke, width: thick = 1.25, dash } = line;
  const shapes: Shape[] = [];
  const dots: Shape[] = [];
  let points: number[] = [];
  const flush = (): void => {
    if (points.length >= 4) shapes.push({ kind: 'polyline', points, stroke, width: thick, dash });
    points = [];
  };
  const [first, end] = visible(line.at, span);
  for (const i of thinned(line, first, end, x)) {
    const value = line.values[i];
    if (!Number.isFinite(value)) {
      flush();
      continue;
    }
    const [px, py] = [x(line.at[i]), y(value)];
    if (line.stepped && points.length) points.push(px, points.at(-1)!);
    points.push(px, py);
    const inside = px >= -1 && px <= width + 1;
    if (line.dots && inside) dots.push({ kind: 'circle', x: px, y: py, radius: 1.8, fill: stroke });
    if (line.marked === i && inside) {
      dots.push({ kind: 'circle', x: px, y: py, radius: 4, fill: 'none', stroke: theme.foreground });
    }
  }
  flush();
  return [...shapes.flatMap(shape => clip(shape, width)), ...dots];
}

/** Indices that reach into the span, with one on each side so that lines run to the edge. */
function visible(at: ArrayLike<number>, { from, to }: TimeSpan): [number, number] {
  let first = 0;
  let end = at.length;
  while (first + 1 < end && at[first + 1] <= from) first++;
  while (end - 1 > first && at[end - 2] >= to) end--;
  return [first, end];
}

/** Where several values share a pixel: the first, the lowest, the highest and the last of them, in order. */
function thinned({ at, values }: Line, first: number, end: number, x: (p: number) => number): number[] {
  const kept: number[] = [];
  for (let i = first; i < end; ) {
    const start = i;
    const pixel = Math.floor(x(at[i]));
    let [low, high] = [i, i];
    for (; i < end && Math.floor(x(at[i])) === pixel; i++) {
      if (values[i] < values[low]) low = i;
      if (values[i] > values[high]) high = i;
    }
    kept.push(...[...new Set([start, low, high, i - 1])].sort((a, b) => a - b));
  }
  return kept;
}

/** Cuts a line at the track's edges, where the neighbouring values lie outside. */
function clip(shape: Shape, width: number): Shape[] {
  if (shape.kind !== 'polyline') return [shape];
  const { points } = shape;
  const cut: number[] = [];
  for (let i = 0; i < points.length; i += 2) {
    const [x, y] = [points[i], points[i + 1]];
    if (i > 0) {
      const [before, height] = [points[i - 2], points[i - 1]];
      for (const edge of [0, width]) {
        if (!(before < edge && edge < x)) continue;
        cut.push(edge, height + ((edge - before) / (x - before)) * (y - height));
      }
    }
    if (x >= 0 && x <= width) cut.push(x, y);
  }
  return cut.length >= 4 ? [{ ...shape, points: cut }] : [];
}

/** 0 at the bottom, 1 at `top`. */
export const linear =
  (top: number) =>
  (value: number): number =>
    value / top;

/** 0 at `low` and below, 1 at `high`, logarithmic. */
export const logarithmic =
  (low: number, high: number) =>
  (value: number): number =>
    value > low ? Math.log(value / low) / Math.log(high / low) : 0;
