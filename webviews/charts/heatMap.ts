import type { TimeSpan } from './columns.ts';
import { hatch } from './hatch.ts';
import { strengthColor } from './levelColor.ts';
import { rho01 } from './scales.ts';
import type { Shape } from './shapes.ts';
import { chartSurface } from './surface.ts';
import type { Theme } from './theme.ts';

/** One update of a level in one block: the positions that it read, and ρ, NaN where it was not recorded. */
export interface Cell {
  readonly from: number;
  readonly to: number;
  readonly rho: number;
}

export interface HeatMapData {
  /** Cells a block, in the order of time. */
  readonly blocks: readonly (readonly Cell[])[];
  /** Of a run compared with this one, the strongest of all blocks; a lower row beneath the others. */
  readonly other?: readonly Cell[];
  /** Positions read since the last update, not yet written; hatched. */
  readonly pending?: TimeSpan;
  /** Positions of firings still to come; dashed. */
  readonly planned: readonly number[];
  /** Says what is pending, the longest first; the first that has room is written. */
  readonly note?: { readonly at: number; readonly texts: readonly string[] };
  readonly selected?: { readonly block: number; readonly from: number; readonly to: number };
}

export interface HeatMapOptions {
  readonly span: TimeSpan;
  readonly width: number;
  readonly theme: Theme;
  readonly color: string;
}

/** Height of a block's row, px. */
export const BLOCK_HEIGHT = 11;
/** Height of the row of a compared run, with the gap above it. */
const OTHER_HEIGHT = 7;
const OTHER_GAP = 2;
/** More cells than this are drawn on a canvas. */
const MOST_ELEMENTS = 400;

/** Updates of one level, a row a block: strength of the level's colour, in high contrast height, by ρ. */
export function heatMap(container: HTMLElement, data: HeatMapData, options: HeatMapOptions) {
  const surface = chartSurface(container);
  const update = (data: HeatMapData, options: HeatMapOptions): void => {
    const { width, theme } = options;
    const height = heatMapHeight(data.blocks.length, !!data.other);
    const { marks, labels } = heatMapShapes(data, options);
    surface.draw({ width, height, marks, labels, dense: marks.length > MOST_ELEMENTS, theme });
  };
  update(data, options);
  return update;
}

export const heatMapHeight = (blocks: number, compared = false): number =>
  blocks * BLOCK_HEIGHT + (compared ? OTHER_HEIGHT + OTHER_GAP : 0);

/** The map's shapes, marks below labels; exported files use them too. */
export function heatMapShapes(
  data: HeatMapData,
  options: HeatMapOptions,
): { readonly marks: Shape[]; readonly labels: Shape[] } {
  const { span, width, theme } = options;
  const height = heatMapHeight(data.blocks.length);
  const scale = width / (span.to - span.from);
  const x = (position: number): number => (position - span.from) * scale;
  const marks = data.blocks.flatMap((cells, block) => {
    return row(cells, { bottom: (block + 1) * BLOCK_HEIGHT - 0.5, full: BLOCK_HEIGHT - 1 }, options, x);
  });
  if (data.other) {
    const bottom = heatMapHeight(data.blocks.length, true) - 0.5;
    marks.push(...row(data.other, { bottom, full: OTHER_HEIGHT - 1 }, options, x));
  }
  const labels: Shape[] = [
    { kind: 'rect', x: 0.5, y: 0.5, width: width - 1, height: height - 1, stroke: theme.line },
  ];
  if (data.pending) {
    const left = Math.max(0, x(data.pending.from));
    const right = Math.min(width, x(data.pending.to));
    if (right > left) labels.push(...hatch(left, right - left, height, theme));
  }
  for (const position of data.planned) {
    const at = Math.round(x(position)) - 0.5;
    if (at < 0 || at > width) continue;
    const stroke = theme.highContrast ? theme.foreground : options.color;
    labels.push({ kind: 'line', x1: at, y1: 0, x2: at, y2: height, stroke, dash: [2, 2] });
  }
  if (data.note) labels.push(...note(data.note, x, options, height));
  return { marks, labels: [...labels, ...selection(data, x, options)] };
}

function row(
  cells: readonly Cell[],
  place: Place,
  { width, theme, color }: HeatMapOptions,
  x: (position: number) => number,
): Shape[] {
  const shapes: Shape[] = [];
  // Cells that share a pixel are drawn once, as strong as the strongest.
  const merged = new Map<number, number>();
  for (const { from, to, rho } of cells) {
    const left = Math.max(0, x(from));
    const right = Math.min(width, x(to));
    if (right <= 0 || left >= width) continue;
    if (right - left < 2) {
      const pixel = Math.floor(Math.min(left, width - 1));
      const known = merged.get(pixel);
      if (known === undefined || rho > known || Number.isNaN(known)) merged.set(pixel, rho);
    } else shapes.push(...cell(left, right - left - (right - left > 6 ? 1 : 0.5), place, rho, theme, color));
  }
  for (const [pixel, rho] of merged) shapes.push(...cell(pixel, 1, place, rho, theme, color));
  return shapes;
}

/** Lower edge and height of a row, px. */
interface Place {
  readonly bottom: number;
  readonly full: number;
}

function cell(x: number, width: number, place: Place, rho: number, theme: Theme, color: string): Shape[] {
  const { bottom, full } = place;
  if (Number.isNaN(rho)) {
    const y = bottom - full / 2;
    return [{ kind: 'line', x1: x, y1: y, x2: x + width, y2: y, stroke: theme.dim, dash: [1, 2] }];
  }
  // In high contrast colour carries nothing, so height does.
  const height = theme.highContrast ? 1 + (full - 1) * rho01(rho) : full;
  return [{ kind: 'rect', x, y: bottom - height, width, height, fill: strengthColor(theme, color, rho) }];
}

/** Words beside what they are about, on the background so that no line runs through them. */
function note(
  { at, texts }: { at: number; texts: readonly string[] },
  x: (position: number) => number,
  { width, theme }: HeatMapOptions,
  height: number,
): Shape[] {
  const left = x(at) + 8;
  const wide = (text: string): number => text.length * 6.2 + 8;
  const text = texts.find(words => left + wide(words) <= width);
  if (text === undefined) return [];
  const y = Math.round(height / 2);
  return [
    { kind: 'rect', x: left - 4, y: y - 8, width: wide(text), height: 16, fill: theme.background },
    { kind: 'text', x: left, y: y + 4, text, fill: theme.foreground },
  ];
}

function selection(
  { selected }: HeatMapData,
  x: (position: number) => number,
  { width, theme }: HeatMapOptions,
): Shape[] {
  if (!selected) return [];
  const left = Math.max(0.75, x(selected.from));
  const right = Math.min(width - 0.75, x(selected.to));
  if (right <= left) return [];
  const y = selected.block * BLOCK_HEIGHT;
  const stroke = theme.focus;
  const frame = { x: left, y: y + 0.75, width: Math.max(2, right - left), height: BLOCK_HEIGHT - 0.5 };
  return [{ kind: 'rect', ...frame, stroke }];
}
