import { signed } from './contributions.ts';
import { levelColor } from './levelColor.ts';
import { levelMarkShapes } from './levelMark.ts';
import type { Shape } from './shapes.ts';
import { chartSurface } from './surface.ts';
import type { Theme } from './theme.ts';
import { translate } from './translate.ts';

export interface HandOverData {
  readonly levels: readonly string[];
  /** Tokens read at each moment, in order. */
  readonly tokens: readonly number[];
  /** Shapley values, nats: `[moments, levels]`. */
  readonly shapley: readonly (readonly number[])[];
  readonly cmsLevels: number;
}

export interface HandOverOptions {
  readonly width: number;
  readonly theme: Theme;
}

const ROW = 28;
const NAME = 92;
const NUMBERS = 46;

export const handOverHeight = (levels: number): number => levels * ROW + 20;

/** Contribution of each level's change over time, one scale for all. */
export function handOver(container: HTMLElement, data: HandOverData, options: HandOverOptions) {
  const surface = chartSurface(container);
  const update = (data: HandOverData, options: HandOverOptions): void => {
    const { width, theme } = options;
    const height = handOverHeight(data.levels.length);
    surface.draw({ width, height, marks: [], labels: handOverShapes(data, options), dense: false, theme });
  };
  update(data, options);
  return update;
}

/** The chart's shapes; exported files use them too. */
export function handOverShapes(data: HandOverData, { width, theme }: HandOverOptions): Shape[] {
  const { levels, tokens, shapley, cmsLevels } = data;
  if (tokens.length === 0) return [];
  const all = shapley.flat().filter(Number.isFinite);
  const reach = Math.max(0.01, ...all.map(Math.abs));
  const lowest = Math.min(0, ...all) / reach;
  const [left, right] = [NAME, width - NUMBERS];
  const span = tokens.at(-1)! - tokens[0] || 1;
  const x = (token: number): number => left + ((token - tokens[0]) / span) * (right - left);
  const tall = 20 / (1 - lowest);
  const shapes: Shape[] = [];
  levels.forEach((id, level) => {
    const base = level * ROW + 20 + lowest * tall;
    const color = levelColor(theme, id, cmsLevels);
    const y = (nats: number): number => base - (nats / reach) * tall;
    const line: number[] = [x(tokens[0]), y(shapley[0]?.[level] ?? 0)];
    tokens.forEach((token, i) => {
      const value = shapley[i]?.[level];
      if (i === 0 || value === undefined || !Number.isFinite(value)) return;
      line.push(x(token), line.at(-1)!, x(token), y(value));
    });
    shapes.push(
      ...translate(levelMarkShapes(id, { theme, color }), 0, level * ROW + 10),
      { kind: 'text', x: 15, y: level * ROW + 19, text: id, fill: theme.foreground },
      { kind: 'line', x1: left, y1: base + 0.5, x2: right, y2: base + 0.5, stroke: theme.line },
      { kind: 'polyline', points: line, stroke: color, width: 1.5 },
      {
        ...{ kind: 'text', x: width, y: level * ROW + 19, text: signed(shapley.at(-1)?.[level] ?? 0) },
        ...{ fill: theme.foreground, anchor: 'end', number: true },
      },
    );
  });
  const y = levels.length * ROW + 14;
  const label = (token: number, anchor: 'start' | 'end'): Shape => ({
    ...{ kind: 'text', x: x(token), y, text: String(token), fill: theme.dim, anchor, number: true },
  });
  shapes.push({ kind: 'text', x: 0, y, text: 'token', fill: theme.dim }, label(tokens[0], 'start'));
  if (tokens.length > 1) shapes.push(label(tokens.at(-1)!, 'end'));
  return shapes;
}
