import { scaleLinear } from 'd3';
import type { TimeSpan } from './columns.ts';
import type { Shape } from './shapes.ts';
import type { Theme } from './theme.ts';

/** Width of a digit in the 11 px number font, px; labels are kept apart by it without measuring. */
const DIGIT = 6.7;

export interface TimeAxisOptions {
  readonly span: TimeSpan;
  readonly width: number;
  /** Upper end of the axis line's ticks, px. */
  readonly y: number;
  readonly theme: Theme;
  /** Writes a token number. */
  readonly number: (token: number) => string;
  /** Written before the first number, `token` where there is no other caption. */
  readonly caption?: string;
  /** Places with a name, such as the start of a pass; they come before round numbers. */
  readonly names?: readonly { readonly position: number; readonly text: string }[];
}

/** Ticks and token numbers under a track: both ends, named places, and round numbers where there is room. */
export function timeAxis({ span, width, y, theme, number, caption, names }: TimeAxisOptions): Shape[] {
  const x = scaleLinear().domain([span.from, span.to]).range([0, width]);
  const first = `${caption ? `${caption} ` : ''}${number(span.from)}`;
  const last = number(span.to);
  const taken = [
    [0, (first.length + 1) * DIGIT],
    [width - (last.length + 1) * DIGIT, width],
  ];
  const label = (at: number, text: string, anchor: 'start' | 'middle' | 'end'): Shape[] => [
    { kind: 'line', x1: at, y1: y, x2: at, y2: y + 3, stroke: theme.line },
    { kind: 'text', x: at, y: y + 14, text, fill: theme.dim, anchor, number: true },
  ];
  const between = (position: number, text: string): Shape[] => {
    const half = ((text.length + 1) * DIGIT) / 2;
    const at = x(position);
    if (taken.some(([from, to]) => at + half > from && at - half < to)) return [];
    taken.push([at - half, at + half]);
    return label(Math.round(at), text, 'middle');
  };
  const ticks = x.ticks(Math.max(2, Math.floor(width / 50))).filter(Number.isInteger);
  return [
    ...label(0, first, 'start'),
    ...label(width, last, 'end'),
    ...(names ?? []).flatMap(({ position, text }) => between(position, text)),
    ...ticks.flatMap(tick => between(tick, number(tick))),
  ];
}
