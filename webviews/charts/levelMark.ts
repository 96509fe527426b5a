import { memoryOwner } from '../../engine/protocol/index.ts';
import { cmsIndex } from './levelColor.ts';
import type { Shape } from './shapes.ts';
import { chartSurface } from './surface.ts';
import type { Theme } from './theme.ts';

export interface MarkOptions {
  readonly theme: Theme;
  readonly color: string;
}

export const MARK_SIZE = 10;

/** The square that stands for a level: its colour, or in high contrast its pattern. */
export function levelMark(container: HTMLElement, id: string, options: MarkOptions) {
  const surface = chartSurface(container);
  const update = (id: string, options: MarkOptions): void => {
    const marks = levelMarkShapes(id, options);
    const { theme } = options;
    surface.draw({ width: MARK_SIZE, height: MARK_SIZE, marks, labels: [], dense: false, theme });
  };
  update(id, options);
  return update;
}

/** The mark's shapes; exported files use them too. A memory of an optimizer has a smaller one, of its level. */
export function levelMarkShapes(id: string, { theme, color }: MarkOptions): Shape[] {
  if (memoryOwner(id)) return [{ kind: 'circle', x: 5, y: 5, radius: 3, fill: color }];
  if (!theme.highContrast) {
    return [{ kind: 'rect', x: 0, y: 0, width: MARK_SIZE, height: MARK_SIZE, fill: color, radius: 2 }];
  }
  const frame: Shape = { kind: 'rect', x: 0.5, y: 0.5, width: 9, height: 9, stroke: color, radius: 2 };
  return [frame, ...pattern(id, color)];
}

function pattern(id: string, color: string): Shape[] {
  const line = (x1: number, y1: number, x2: number, y2: number): Shape => ({
    kind: 'line',
    x1,
    y1,
    x2,
    y2,
    stroke: color,
  });
  const k = cmsIndex(id);
  if (id === 'memory') return [{ kind: 'rect', x: 0, y: 0, width: 10, height: 10, fill: color, radius: 2 }];
  if (id === 'projections') return [line(1, 5, 5, 1), line(1, 9, 9, 1), line(5, 9, 9, 5)];
  if (id === 'outer') return [line(1, 1, 9, 9), line(9, 1, 1, 9)];
  // Beyond three CMS levels the patterns repeat denser; the name beside the mark tells them apart.
  const step = k < 3 ? 3 : 2;
  const at = Array.from({ length: Math.floor(8 / step) }, (_, i) => (i + 1) * step + (k < 3 ? -0.5 : 0.5));
  if (k % 3 === 0) return at.map(y => line(1, y, 9, y));
  if (k % 3 === 1) return at.map(x => line(x, 1, x, 9));
  const radius = k < 3 ? 1.1 : 0.8;
  return at.flatMap(x =>
    at.map((y): Shape => ({ kind: 'circle', x: x + 0.5, y: y + 0.5, radius, fill: color })),
  );
}
