import { format } from 'd3';
import type { Shape } from './shapes.ts';
import { chartSurface } from './surface.ts';
import type { Theme } from './theme.ts';

export interface NormsData {
  /** Rows that the norms are of. */
  readonly indices: ArrayLike<number>;
  readonly weight: ArrayLike<number>;
  readonly delta?: ArrayLike<number>;
  readonly rows: number;
}

export interface NormsOptions {
  readonly width: number;
  readonly theme: Theme;
  readonly color: string;
}

export const NORMS_HEIGHT = 72;
const [LEFT, TOP, BOTTOM] = [40, 8, 16];
const short = format('.2~g');

/** Norms of rows by their index: of W in grey, of what changed in the level's colour. */
export function normsChart(container: HTMLElement, data: NormsData, options: NormsOptions) {
  const surface = chartSurface(container);
  const update = (data: NormsData, options: NormsOptions): void => {
    const { width, theme } = options;
    const labels = normsShapes(data, options);
    surface.draw({ width, height: NORMS_HEIGHT, marks: [], labels, dense: false, theme });
  };
  update(data, options);
  return update;
}

/** The chart's shapes; exported files use them too. */
export function normsShapes({ indices, weight, delta, rows }: NormsData, options: NormsOptions): Shape[] {
  const { width, theme, color } = options;
  const base = NORMS_HEIGHT - BOTTOM;
  let top = 0;
  for (const norms of [weight, delta ?? []])
    for (let i = 0; i < norms.length; i++) top = Math.max(top, norms[i]);
  const x = (row: number): number => LEFT + (row / Math.max(1, rows - 1)) * (width - LEFT - 8);
  const y = (norm: number): number => base - (top > 0 ? norm / top : 0) * (base - TOP);
  const text = { kind: 'text', fill: theme.dim, number: true } as const;
  const line = (norms: ArrayLike<number>, stroke: string, dash?: number[]): Shape[] => {
    const points: number[] = [];
    for (let i = 0; i < norms.length; i++) points.push(x(indices[i]), y(norms[i]));
    if (points.length === 2) {
      return [{ kind: 'circle', x: points[0], y: points[1], radius: 2, fill: stroke }];
    }
    return points.length ? [{ kind: 'polyline', points, stroke, width: 1.25, dash }] : [];
  };
  return [
    { kind: 'line', x1: LEFT, y1: base + 0.5, x2: width, y2: base + 0.5, stroke: theme.line },
    { ...text, x: LEFT - 4, y: y(top) + 4, text: short(top), anchor: 'end' },
    { ...text, x: LEFT - 4, y: base, text: '0', anchor: 'end' },
    { ...text, x: LEFT, y: NORMS_HEIGHT - 3, text: '0', anchor: 'start' },
    { ...text, x: width - 8, y: NORMS_HEIGHT - 3, text: String(Math.max(0, rows - 1)), anchor: 'end' },
    ...line(weight, delta ? theme.dim : theme.foreground),
    ...(delta ? line(delta, color, theme.highContrast ? [4, 2] : undefined) : []),
  ];
}
