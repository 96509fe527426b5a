import type { Shape } from './shapes.ts';
import type { Theme } from './theme.ts';

/** Diagonal lines for a stretch of a track about which nothing is known or kept. */
export function hatch(x: number, width: number, height: number, theme: Theme): Shape[] {
  const shapes: Shape[] = [];
  for (let left = Math.ceil(x / 6) * 6; left + height <= x + width; left += 6) {
    shapes.push({ kind: 'line', x1: left, y1: height, x2: left + height, y2: 0, stroke: theme.line });
  }
  return shapes;
}
