import type { LevelContribution } from '../../engine/protocol/index.ts';
import { levelColor } from './levelColor.ts';
import { levelMarkShapes } from './levelMark.ts';
import type { Shape } from './shapes.ts';
import { chartSurface } from './surface.ts';
import type { Theme } from './theme.ts';
import { translate } from './translate.ts';

export interface ContributionsData {
  readonly levels: readonly LevelContribution[];
  readonly gain: number;
  /** False shows “n/a” in place of figures. */
  readonly significant: boolean;
  readonly cmsLevels: number;
}

export interface ContributionsOptions {
  readonly width: number;
  readonly theme: Theme;
}

const ROW = 34;
const HEAD = 14;
const NAME = 92;
const NUMBERS = 86;

export const contributionsHeight = (levels: number): number => HEAD + levels * ROW;

/** Shapley value a level with its control bracket, and what is lost without and gained by its change alone. */
export function contributions(
  container: HTMLElement,
  data: ContributionsData,
  options: ContributionsOptions,
) {
  const surface = chartSurface(container);
  const update = (data: ContributionsData, options: ContributionsOptions): void => {
    const { width, theme } = options;
    const labels = contributionShapes(data, options);
    const height = contributionsHeight(data.levels.length);
    surface.draw({ width, height, marks: [], labels, dense: false, theme });
  };
  update(data, options);
  return update;
}

/** The chart's shapes; exported files use them too. */
export function contributionShapes(data: ContributionsData, { width, theme }: ContributionsOptions): Shape[] {
  const { levels, significant } = data;
  const [low, high] = range(significant ? levels : []);
  const [left, right] = [NAME, width - NUMBERS];
  const x = (nats: number): number => left + ((nats - low) / (high - low)) * (right - left);
  const bottom = contributionsHeight(levels.length);
  const shapes: Shape[] = ticks(low, high).flatMap((nats): Shape[] => [
    {
      ...{ kind: 'line', x1: x(nats), y1: HEAD, x2: x(nats), y2: bottom - 4, stroke: theme.line },
      dash: nats === 0 ? undefined : [1, 3],
    },
    {
      ...{
        kind: 'text',
        x: x(nats),
        y: HEAD - 4,
        text: nats > 0 ? `+${nats}` : String(nats),
        fill: theme.dim,
      },
      ...{ anchor: 'middle', number: true },
    },
  ]);
  shapes.push({ kind: 'text', x: width, y: HEAD - 4, text: 'nats', fill: theme.dim, anchor: 'end' });
  levels.forEach((level, i) => {
    shapes.push(...translate(row(level, data, x, width, theme), 0, HEAD + i * ROW + 4));
  });
  return shapes;
}

function row(
  level: LevelContribution,
  { gain, significant, cmsLevels }: ContributionsData,
  x: (nats: number) => number,
  width: number,
  theme: Theme,
): Shape[] {
  const idle = level.updates === 0;
  const color = levelColor(theme, level.level, cmsLevels);
  const shapes: Shape[] = [
    ...translate(levelMarkShapes(level.level, { theme, color }), 0, 4),
    { kind: 'text', x: 15, y: 13, text: level.level, fill: idle ? theme.dim : theme.foreground, bold: !idle },
  ];
  const words = (text: string, y: number): Shape => ({ kind: 'text', x: x(0) + 6, y, text, fill: theme.dim });
  if (idle && !level.frozen && level.tokensToGo !== undefined) {
    return [...shapes, words('not yet at a boundary:', 8), words(`${level.tokensToGo} tokens to go`, 22)];
  }
  if (idle) return [...shapes, words(level.frozen ? 'frozen' : 'not updated here', 13)];
  const right = (at: number, text: string): Shape => ({
    ...{ kind: 'text', x: at, y: 13, text, fill: theme.foreground, anchor: 'end', number: true },
  });
  if (!significant) return [...shapes, right(width, 'n/a')];
  const { shapley, control, necessity, sufficiency } = level;
  const [a, b] = [x(Math.min(0, shapley)), x(Math.max(0, shapley))];
  const bar = { x: a, y: 3, width: Math.max(1, b - a), height: 11 };
  shapes.push({ kind: 'rect', ...bar, fill: color });
  const line = (x1: number, y1: number, x2: number, y2: number): Shape => ({
    ...{ kind: 'line', x1, y1, x2, y2, stroke: theme.foreground },
  });
  const [from, to] = [x(-2 * control.deviation), x(2 * control.deviation)];
  shapes.push(line(from, 18, to, 18), line(from, 15.5, from, 20.5), line(to, 15.5, to, 20.5));
  shapes.push({
    ...{ kind: 'circle', x: x(necessity), y: 18, radius: 2.5 },
    ...{ fill: theme.background, stroke: theme.foreground },
  });
  shapes.push({ kind: 'circle', x: x(sufficiency), y: 18, radius: 2.5, fill: theme.foreground });
  const share = gain === 0 ? Number.NaN : (100 * shapley) / gain;
  shapes.push(right(width - 40, signed(shapley)));
  shapes.push(right(width, Number.isFinite(share) ? `${Math.round(share)} %` : '–'));
  return shapes;
}

/** Nats with a sign and two decimals. */
export const signed = (nats: number): string => `${nats < 0 ? '−' : '+'}${Math.abs(nats).toFixed(2)}`;

function range(levels: readonly LevelContribution[]): [number, number] {
  const values = levels
    .filter(({ updates }) => updates > 0)
    .flatMap(({ shapley, necessity, sufficiency, control: { deviation } }) => [
      ...[shapley, necessity, sufficiency, 2 * deviation, -2 * deviation],
    ])
    .filter(Number.isFinite);
  const low = Math.min(0, ...values);
  const high = Math.max(0, ...values);
  return high > low ? [low, high] : [0, 1];
}

function ticks(low: number, high: number): number[] {
  const span = high - low;
  const step = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20].find(s => span / s <= 4) ?? 50;
  const found: number[] = [];
  for (let i = Math.ceil(low / step); i <= Math.floor(high / step + 1e-9); i++)
    found.push(Number((i * step).toFixed(2)));
  return found;
}
