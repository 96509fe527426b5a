import { mixOklab } from './oklab.ts';
import type { Shape } from './shapes.ts';
import { chartSurface } from './surface.ts';
import type { Theme } from './theme.ts';

/** Cells of a matrix from top left, row by row. */
export interface MatrixCells {
  readonly down: number;
  readonly across: number;
  /** Not negative; NaN where nothing is finite. */
  readonly rms: ArrayLike<number>;
}

export interface MatrixOptions {
  readonly width: number;
  readonly height: number;
  readonly theme: Theme;
  /** Colour of the largest value; the background is 0. */
  readonly color: string;
  /** Value that takes the whole colour. */
  readonly top: number;
}

const STEPS = 24;

/** A matrix as cells, the stronger the larger. */
export function matrixMap(container: HTMLElement, cells: MatrixCells, options: MatrixOptions) {
  const surface = chartSurface(container);
  const update = (cells: MatrixCells, options: MatrixOptions): void => {
    const { width, height, theme } = options;
    const labels: Shape[] = [
      { kind: 'rect', x: 0.5, y: 0.5, width: width - 1, height: height - 1, stroke: theme.line },
    ];
    surface.draw({ width, height, marks: matrixShapes(cells, options), labels, dense: true, theme });
  };
  update(cells, options);
  return update;
}

/** The map's shapes; exported files use them too. Cells without finite values are crossed out. */
export function matrixShapes({ down, across, rms }: MatrixCells, options: MatrixOptions): Shape[] {
  const { width, height, theme, color, top } = options;
  const ramp = Array.from({ length: STEPS + 1 }, (_, i) => mixOklab(color, theme.background, i / STEPS));
  // Whole pixels, so that no seam shows between two cells.
  const x = (column: number): number => Math.round((column * width) / across);
  const y = (row: number): number => Math.round((row * height) / down);
  const shapes: Shape[] = [];
  for (let row = 0; row < down; row++) {
    for (let column = 0; column < across; column++) {
      const value = rms[row * across + column];
      const place = {
        x: x(column),
        y: y(row),
        width: x(column + 1) - x(column),
        height: y(row + 1) - y(row),
      };
      if (Number.isNaN(value)) {
        const { x: x1, y: y1 } = place;
        shapes.push({
          ...{ kind: 'line', x1, y1, x2: x1 + place.width, y2: y1 + place.height, stroke: theme.foreground },
        });
        continue;
      }
      const step = top > 0 ? Math.round(STEPS * Math.min(1, value / top)) : 0;
      if (step > 0) shapes.push({ kind: 'rect', ...place, fill: ramp[step] });
    }
  }
  return shapes;
}
