import type { Shape } from './shapes.ts';
import { chartSurface } from './surface.ts';
import type { Theme } from './theme.ts';

export interface SpectrumData {
  /** Singular values of ΔW and of W, largest first. */
  readonly delta: ArrayLike<number>;
  readonly weight: ArrayLike<number>;
  readonly effectiveRank: number;
  /** Largest rank that ΔW can have; undefined where the bound does not hold. */
  readonly rankBound?: number;
}

export interface SpectrumOptions {
  readonly width: number;
  readonly theme: Theme;
  readonly color: string;
}

export const SPECTRUM_HEIGHT = 96;
const [LEFT, TOP, BOTTOM] = [34, 6, 16];
/** Decades below the largest value that are shown: float32 holds about seven. */
const DECADES = 7;

/** σ of what changed, in the level's colour, beside σ of the matrix in grey: index along x, log along y. */
export function spectrumChart(container: HTMLElement, data: SpectrumData, options: SpectrumOptions) {
  const surface = chartSurface(container);
  const update = (data: SpectrumData, options: SpectrumOptions): void => {
    const { width, theme } = options;
    const labels = spectrumShapes(data, options);
    surface.draw({ width, height: SPECTRUM_HEIGHT, marks: [], labels, dense: false, theme });
  };
  update(data, options);
  return update;
}

/** The chart's shapes; exported files use them too. */
export function spectrumShapes(data: SpectrumData, { width, theme, color }: SpectrumOptions): Shape[] {
  const { delta, weight } = data;
  const count = Math.max(delta.length, weight.length);
  const largest = Math.max(delta[0] ?? 0, weight[0] ?? 0);
  const base = SPECTRUM_HEIGHT - BOTTOM;
  const shapes: Shape[] = [
    { kind: 'line', x1: LEFT, y1: base + 0.5, x2: width, y2: base + 0.5, stroke: theme.line },
  ];
  if (!(largest > 0) || count === 0) {
    const y = base / 2 + 4;
    return [...shapes, { kind: 'text', x: LEFT, y, text: 'nothing changed', fill: theme.dim }];
  }
  const ceiling = Math.ceil(Math.log10(largest));
  const floor = Math.max(ceiling - DECADES, Math.floor(Math.log10(smallest(delta, weight, largest))));
  const y = (value: number): number =>
    base - ((Math.log10(value) - floor) / Math.max(1, ceiling - floor)) * (base - TOP);
  const x = (index: number): number => LEFT + 4 + (index / Math.max(1, count - 1)) * (width - LEFT - 8);
  for (const decade of new Set([ceiling, floor])) {
    const at = Math.round(y(10 ** decade)) + 0.5;
    shapes.push({ kind: 'line', x1: LEFT, y1: at, x2: width, y2: at, stroke: theme.line, dash: [1, 3] });
    shapes.push({
      ...{ kind: 'text', x: LEFT - 4, y: at + 4, text: `1e${decade}`, fill: theme.dim },
      ...{ anchor: 'end', number: true },
    });
  }
  if (data.rankBound !== undefined && data.rankBound < count) {
    const at = Math.round(x(data.rankBound - 0.5)) + 0.5;
    shapes.push({ kind: 'line', x1: at, y1: TOP, x2: at, y2: base, stroke: theme.dim, dash: [2, 2] });
  }
  const axis = (index: number, anchor: 'start' | 'end'): Shape => ({
    ...{ kind: 'text', x: x(index - 1), y: base + 13, text: String(index), fill: theme.dim },
    ...{ anchor, number: true },
  });
  shapes.push(axis(1, 'start'), axis(count, 'end'));
  const line = (values: ArrayLike<number>, stroke: string, thick: number, dash?: number[]): Shape[] => {
    const points: number[] = [];
    for (let i = 0; i < values.length && values[i] >= 10 ** floor; i++) points.push(x(i), y(values[i]));
    if (points.length === 2)
      return [{ kind: 'circle', x: points[0], y: points[1], radius: 2.5, fill: stroke }];
    return points.length ? [{ kind: 'polyline', points, stroke, width: thick, dash }] : [];
  };
  return [
    ...shapes,
    ...line(weight, theme.dim, 1.25, theme.highContrast ? [3, 2] : undefined),
    ...line(delta, color, 2),
  ];
}

function smallest(delta: ArrayLike<number>, weight: ArrayLike<number>, largest: number): number {
  let least = largest;
  for (const values of [delta, weight]) {
    for (let i = 0; i < values.length; i++) if (values[i] > 0 && values[i] < least) least = values[i];
  }
  return least;
}
