import { mixOklab } from './oklab.ts';
import type { Shape } from './shapes.ts';
import { chartSurface } from './surface.ts';
import type { Theme } from './theme.ts';

export interface ForgettingData {
  /** Short names of the probes. */
  readonly probes: readonly string[];
  /** Tokens read at each moment. */
  readonly tokens: readonly number[];
  /** p(answer): `[probes, moments]`, NaN where it was not scored. */
  readonly scores: readonly (readonly number[])[];
}

export interface ForgettingOptions {
  readonly width: number;
  readonly theme: Theme;
}

const ROW = 18;
const NAME = 110;

export const forgettingHeight = (probes: number): number => probes * ROW + 18;

/**
 * p(answer) of every probe at every moment: strength of the foreground, full at the highest of them all, a ring on the
 * lowest after the best.
 */
export function forgetting(container: HTMLElement, data: ForgettingData, options: ForgettingOptions) {
  const surface = chartSurface(container);
  const update = (data: ForgettingData, options: ForgettingOptions): void => {
    const { width, theme } = options;
    const height = forgettingHeight(data.probes.length);
    surface.draw({ width, height, marks: [], labels: forgettingShapes(data, options), dense: false, theme });
  };
  update(data, options);
  return update;
}

/** The chart's shapes; exported files use them too. */
export function forgettingShapes(
  { probes, tokens, scores }: ForgettingData,
  { width, theme }: ForgettingOptions,
): Shape[] {
  const cell = (width - NAME) / Math.max(1, tokens.length);
  const shapes: Shape[] = [];
  const most = Math.max(Number.MIN_VALUE, ...scores.flat().filter(Number.isFinite));
  probes.forEach((name, row) => {
    const y = row * ROW;
    const text = name.length > 17 ? `${name.slice(0, 16)}…` : name;
    shapes.push({ kind: 'text', x: 0, y: y + 13, text, fill: theme.foreground });
    const gap = stabilityGap(scores[row]);
    scores[row].forEach((score, i) => {
      const box = { x: NAME + i * cell, y: y + 1, width: Math.max(1, cell - 1), height: ROW - 2 };
      if (!Number.isFinite(score)) return;
      const strength = Math.max(0, score) / most;
      // In high contrast strength carries nothing, so height does.
      const high = theme.highContrast ? Math.max(1, box.height * strength) : box.height;
      const fill = theme.highContrast
        ? theme.foreground
        : mixOklab(theme.foreground, theme.background, 0.08 + 0.92 * strength);
      shapes.push({ kind: 'rect', ...box, y: box.y + box.height - high, height: high, fill });
      if (i === gap) shapes.push({ kind: 'rect', ...box, stroke: theme.focus });
    });
  });
  const y = probes.length * ROW + 13;
  const label = (i: number, anchor: 'start' | 'end'): Shape => ({
    ...{ kind: 'text', x: NAME + (anchor === 'end' ? (i + 1) * cell : 0), y, text: String(tokens[i]) },
    ...{ fill: theme.dim, anchor, number: true },
  });
  shapes.push({ kind: 'text', x: 0, y, text: 'token', fill: theme.dim });
  if (tokens.length) shapes.push(label(0, 'start'));
  if (tokens.length > 1) shapes.push(label(tokens.length - 1, 'end'));
  return shapes;
}

/** Moment of the lowest score between the best so far and a later recovery (the stability gap), if there is one. */
export function stabilityGap(scores: readonly number[]): number | undefined {
  let found: number | undefined;
  // Dips smaller than this are noise.
  let depth = 0.01;
  for (let i = 1; i < scores.length - 1; i++) {
    const before = Math.max(...scores.slice(0, i).filter(Number.isFinite));
    const after = Math.max(...scores.slice(i + 1).filter(Number.isFinite));
    const drop = Math.min(before, after) - scores[i];
    if (drop > depth) [found, depth] = [i, drop];
  }
  return found;
}
