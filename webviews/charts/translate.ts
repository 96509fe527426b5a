import type { Shape } from './shapes.ts';

/** The same shapes elsewhere. */
export function translate(shapes: readonly Shape[], dx: number, dy: number): Shape[] {
  return shapes.map(shape => {
    if (shape.kind === 'polyline') {
      return { ...shape, points: shape.points.map((n, i) => n + (i % 2 === 0 ? dx : dy)) };
    }
    return shape.kind === 'line'
      ? { ...shape, x1: shape.x1 + dx, y1: shape.y1 + dy, x2: shape.x2 + dx, y2: shape.y2 + dy }
      : { ...shape, x: shape.x + dx, y: shape.y + dy };
  });
}
