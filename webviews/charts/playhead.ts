import type { TimeSpan } from './columns.ts';
import type { Shape } from './shapes.ts';
import type { Theme } from './theme.ts';

/** Tokens at which a vertical line stands: the cursor's and, dotted, the pointer's. */
export interface Heads {
  readonly cursor?: number;
  readonly pointer?: number;
}

/** Vertical lines of one track at the cursor and at the pointer, left out where they are outside the span. */
export function playheads(
  heads: Heads,
  span: TimeSpan,
  width: number,
  height: number,
  theme: Theme,
): Shape[] {
  const line = (token: number | undefined, dash?: readonly number[]): Shape[] => {
    if (token === undefined || token < span.from || token > span.to) return [];
    const x = Math.min(width - 1, Math.floor(((token - span.from) / (span.to - span.from)) * width)) + 0.5;
    return [{ kind: 'line', x1: x, y1: 0, x2: x, y2: height, stroke: theme.foreground, dash }];
  };
  return [...line(heads.pointer, [1, 2]), ...line(heads.cursor)];
}
