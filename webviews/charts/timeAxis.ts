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
}

/** Ticks and token numbers under a track: both ends, and round numbers between where there is room. */
export function timeAxis({ span, width, y, theme, number, caption }: TimeAxisOptions): Shape[] {
  const x = scaleLinear().domain([span.from, span.to]).range([0, width]);
  const first = `${caption ? `${caption} ` : ''}${number(span.from)}`;
  const last = number(span.to);
  const label = (at: number, text: string, anchor: 'start' | 'middle' | 'end'): Shape[] => [
    { kind: 'line', x1: at, y1: y, x2: at, y2: y + 3, stroke: theme.line },
    { kind: 'text', x: at, y: y + 14, text, fill: theme.dim, anchor, number: true },
  ];
  const shapes = [...label(0, first, 'start'), ...label(width, last, 'end')];
  let free = (first.length + 1) * DIGIT;
  const end = width - (last.length + 1) * DIGIT;
  for (const tick of x.ticks(Math.max(2, Math.floor(width / 70)))) {
    const half = (number(tick).length * DIGIT) / 2;
    if (!Number.isInteger(tick) || x(tick) - half < free || x(tick) + half > end) continue;
    shapes.push(...label(Math.round(x(tick)), number(tick), 'middle'));
    free = x(tick) + half + DIGIT;
  }
  return shapes;
}
