import { signed } from './contributions.ts';
import type { Shape } from './shapes.ts';
import { chartSurface } from './surface.ts';
import type { Theme } from './theme.ts';

/** Effect on one fact, nats a token; negative is damage. */
export interface InterferenceBar {
  readonly name: string;
  /** To first order, summed over the levels. */
  readonly predicted: number;
  readonly measured: number;
}

export interface InterferenceOptions {
  readonly width: number;
  readonly theme: Theme;
}

const ROW = 30;
const NAME = 110;
const NUMBERS = 52;

export const interferenceHeight = (facts: number): number => facts * ROW;

/** Two bars a fact about one zero line: hollow what was predicted, filled what was measured. */
export function interferenceBars(
  container: HTMLElement,
  data: readonly InterferenceBar[],
  options: InterferenceOptions,
) {
  const surface = chartSurface(container);
  const update = (data: readonly InterferenceBar[], options: InterferenceOptions): void => {
    const { width, theme } = options;
    const labels = interferenceShapes(data, options);
    surface.draw({ width, height: interferenceHeight(data.length), marks: [], labels, dense: false, theme });
  };
  update(data, options);
  return update;
}

/** The chart's shapes; exported files use them too. */
export function interferenceShapes(
  data: readonly InterferenceBar[],
  { width, theme }: InterferenceOptions,
): Shape[] {
  const values = data.flatMap(({ predicted, measured }) => [predicted, measured]).filter(Number.isFinite);
  const [low, high] = [Math.min(0, ...values), Math.max(0, ...values)];
  const [left, right] = [NAME, width - NUMBERS];
  const x = (nats: number): number => left + ((nats - low) / (high - low || 1)) * (right - left);
  const shapes: Shape[] = [
    { kind: 'line', x1: x(0), y1: 0, x2: x(0), y2: interferenceHeight(data.length), stroke: theme.line },
  ];
  data.forEach(({ name, predicted, measured }, row) => {
    const y = row * ROW;
    const text = name.length > 16 ? `${name.slice(0, 15)}…` : name;
    shapes.push({ kind: 'text', x: 0, y: y + 18, text, fill: theme.foreground });
    for (const [i, value] of [predicted, measured].entries()) {
      const known = Number.isFinite(value);
      const [a, b] = known ? [x(Math.min(0, value)), x(Math.max(0, value))] : [x(0), x(0)];
      const bar = { x: a, y: y + 4 + 12 * i, width: Math.max(1, b - a), height: 8 };
      if (known && i === 0) shapes.push({ kind: 'rect', ...bar, stroke: theme.foreground });
      else if (known) shapes.push({ kind: 'rect', ...bar, fill: theme.foreground });
      shapes.push({
        ...{ kind: 'text', x: width, y: y + 12 + 12 * i, text: known ? signed(value) : '–' },
        ...{ fill: i === 0 ? theme.dim : theme.foreground, anchor: 'end', number: true },
      });
    }
  });
  return shapes;
}
