import type { TimeSpan } from './columns.ts';
import { hatch } from './hatch.ts';
import { strengthColor } from './levelColor.ts';
import { type Heads, playheads } from './playhead.ts';
import { rho01 } from './scales.ts';
import type { Shape } from './shapes.ts';
import { CANVAS_BELOW, chartSurface } from './surface.ts';
import type { Theme } from './theme.ts';

/** One update of a level: tokens read when it fired and ρ, NaN where it was not recorded. */
export interface Firing {
  readonly at: number;
  readonly rho: number;
}

export interface RasterData {
  readonly firings: readonly Firing[];
  /** Tokens between two updates. */
  readonly period: number;
  /** Tokens that will have been read at the next update; dashed where the window reaches it. */
  readonly planned?: number;
  /** First token still kept; what lies before is hatched. */
  readonly kept: number;
  /** Says why there are no ticks; written where they would be, with no line through it. */
  readonly note?: string;
}

export interface RasterOptions {
  readonly span: TimeSpan;
  readonly width: number;
  readonly theme: Theme;
  /** The level's colour at full strength. */
  readonly color: string;
  readonly heads: Heads;
}

export const RASTER_HEIGHT = 20;
const BASE = 19;

/** One tick an update of a level, height and strength by ρ on the fixed log scale. */
export function updateRaster(container: HTMLElement, data: RasterData, options: RasterOptions) {
  const surface = chartSurface(container);
  const update = (data: RasterData, options: RasterOptions): void => {
    const { width, theme, span } = options;
    const dense = width / (span.to - span.from) < CANVAS_BELOW && data.firings.length > 0;
    const { marks, labels } = rasterShapes(data, options);
    surface.draw({ width, height: RASTER_HEIGHT, marks, labels, dense, theme });
  };
  update(data, options);
  return update;
}

/** The raster's shapes, marks below labels; exported files use them too. */
export function rasterShapes(
  data: RasterData,
  options: RasterOptions,
): { readonly marks: Shape[]; readonly labels: Shape[] } {
  const { span, width, theme, heads } = options;
  const scale = width / (span.to - span.from);
  const axis: Shape = { kind: 'line', x1: 0, y1: 19.5, x2: width, y2: 19.5, stroke: theme.line };
  const note: Shape[] = data.note ? [{ kind: 'text', x: 0, y: 13, text: data.note, fill: theme.dim }] : [];
  const lost = Math.min(width, (data.kept - span.from) * scale);
  const missing = lost > 0 && !data.note ? hatch(0, lost, BASE, theme) : [];
  return {
    marks: ticks(data, options, scale),
    labels: [
      axis,
      ...missing,
      ...note,
      ...planned(data, options, scale),
      ...(data.note ? [] : playheads(heads, span, width, BASE, theme)),
    ],
  };
}

/** The strongest update of each pixel; two that share one are drawn as one tick. */
function ticks(
  { firings, period }: RasterData,
  { span, width, theme, color }: RasterOptions,
  scale: number,
): Shape[] {
  const strongest = new Map<number, number>();
  for (const { at, rho } of firings) {
    if (at <= span.from || at > span.to) continue;
    const x = Math.min(Math.ceil(width) - 1, Math.floor((at - span.from) * scale));
    const known = strongest.get(x);
    if (known === undefined || rho > known || Number.isNaN(known)) strongest.set(x, rho);
  }
  const tick = tickWidth(period, scale);
  return [...strongest].map(([column, rho]): Shape => {
    const x = Math.max(0, Math.min(width - tick, column - Math.floor(tick / 2)));
    if (Number.isNaN(rho)) {
      const middle = x + tick / 2;
      return { kind: 'line', x1: middle, y1: 3, x2: middle, y2: BASE, stroke: theme.dim, dash: [1, 2] };
    }
    const height = 2 + 16 * rho01(rho);
    return { kind: 'rect', x, y: BASE - height, width: tick, height, fill: strengthColor(theme, color, rho) };
  });
}

/** Wider for slow levels, which have few ticks, and never so wide that neighbours touch. */
function tickWidth(period: number, scale: number): number {
  const wanted = period > 4 ? 3 : 2;
  return Math.max(1, Math.min(wanted, Math.floor(period * scale) - 1));
}

function planned(data: RasterData, { span, width, theme }: RasterOptions, scale: number): Shape[] {
  if (data.planned === undefined || data.planned > span.to || data.planned <= span.from) return [];
  const x = Math.min(width - 1, Math.floor((data.planned - span.from) * scale)) + 0.5;
  return [{ kind: 'line', x1: x, y1: 5, x2: x, y2: BASE, stroke: theme.dim, dash: [2, 2] }];
}
