import { mixOklab } from './oklab.ts';
import type { Shape } from './shapes.ts';
import { chartSurface } from './surface.ts';
import type { Theme } from './theme.ts';

export interface ForgettingMatrixData {
  /** Short names of the facts in the order of their writing. */
  readonly facts: readonly string[];
  /** R, nats a token: row i is the scores of all facts after fact i was written, the last row those at the end. */
  readonly matrix: readonly (readonly number[])[];
}

export interface ForgettingMatrixOptions {
  readonly width: number;
  readonly theme: Theme;
}

const ROW = 20;
const HEAD = 16;
const NAME = 124;
/** Narrower cells hold no number. */
const NUMBER = 34;

export const forgettingMatrixHeight = (facts: number): number => HEAD + facts * ROW + 2;

/** The forgetting matrix: a row a moment, a column a fact; the diagonal, each fact at its writing, is framed. */
export function forgettingMatrix(
  container: HTMLElement,
  data: ForgettingMatrixData,
  options: ForgettingMatrixOptions,
) {
  const surface = chartSurface(container);
  const update = (data: ForgettingMatrixData, options: ForgettingMatrixOptions): void => {
    const { width, theme } = options;
    const labels = forgettingMatrixShapes(data, options);
    surface.draw({
      ...{ width, height: forgettingMatrixHeight(data.facts.length), marks: [], labels },
      ...{ dense: false, theme },
    });
  };
  update(data, options);
  return update;
}

/** The chart's shapes; exported files use them too. */
export function forgettingMatrixShapes(
  { facts, matrix }: ForgettingMatrixData,
  { width, theme }: ForgettingMatrixOptions,
): Shape[] {
  const cell = (width - NAME) / Math.max(1, facts.length);
  const known = matrix.flat().filter(Number.isFinite);
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const shapes: Shape[] = facts.map((_, column) => ({
    ...{ kind: 'text', x: NAME + (column + 0.5) * cell, y: HEAD - 5, text: String(column + 1) },
    ...{ fill: theme.dim, anchor: 'middle', number: true },
  }));
  facts.forEach((name, row) => {
    const y = HEAD + row * ROW;
    const text = name.length > 15 ? `${name.slice(0, 14)}…` : name;
    shapes.push({ kind: 'text', x: 0, y: y + 13, text: `${row + 1}. ${text}`, fill: theme.foreground });
    matrix[row].forEach((score, column) => {
      if (!Number.isFinite(score)) return;
      const strength = high > low ? (score - low) / (high - low) : 1;
      const box = { x: NAME + column * cell, y: y + 1, width: Math.max(1, cell - 2), height: ROW - 3 };
      shapes.push(...filled(box, strength, cell >= NUMBER, theme));
      if (row === column) shapes.push({ kind: 'rect', ...box, stroke: theme.focus });
      if (cell < NUMBER) return;
      shapes.push({
        ...{ kind: 'text', x: box.x + box.width / 2, y: y + 13, text: score.toFixed(1).replace('-', '−') },
        ...{ fill: theme.foreground, anchor: 'middle', number: true },
      });
    });
  });
  return shapes;
}

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/**
 * A cell: strength of the foreground, in high contrast the length of a bar at its foot.
 * @param written whether a number has to stay legible on it
 */
function filled(box: Box, strength: number, written: boolean, theme: Theme): Shape[] {
  if (!theme.highContrast) {
    const fill = mixOklab(theme.foreground, theme.background, 0.06 + (written ? 0.28 : 0.86) * strength);
    return [{ kind: 'rect', ...box, fill }];
  }
  const bar = { x: box.x, y: box.y + box.height - 2, width: Math.max(1, box.width * strength), height: 2 };
  return [
    { kind: 'rect', ...box, stroke: theme.line },
    { kind: 'rect', ...bar, fill: theme.foreground },
  ];
}
