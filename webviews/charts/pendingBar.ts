import type { Shape } from './shapes.ts';
import { chartSurface } from './surface.ts';
import type { Theme } from './theme.ts';

export interface PendingData {
  /** Tokens read since the level's last update. */
  readonly pending: number;
  readonly period: number;
}

export interface PendingOptions {
  readonly width: number;
  readonly theme: Theme;
  readonly color: string;
}

/** Height of the bar, px; taller in high contrast, where its border is as strong as its filling. */
export const pendingHeight = (theme: Theme): number => (theme.highContrast ? 7 : 5);

/** A hollow bar that fills to the right as tokens wait for the level's next update. */
export function pendingBar(container: HTMLElement, data: PendingData, options: PendingOptions) {
  const surface = chartSurface(container);
  const update = (data: PendingData, options: PendingOptions): void => {
    const { width, theme } = options;
    const marks = pendingShapes(data, options);
    surface.draw({ width, height: pendingHeight(theme), marks, labels: [], dense: false, theme });
  };
  update(data, options);
  return update;
}

/** The bar's shapes; exported files use them too. */
export function pendingShapes({ pending, period }: PendingData, options: PendingOptions): Shape[] {
  const { width, theme, color } = options;
  const height = pendingHeight(theme);
  const share = period > 0 && pending > 0 ? Math.min(1, pending / period) : 0;
  const border = theme.highContrast ? theme.foreground : theme.line;
  const frame: Shape = { kind: 'rect', x: 0.5, y: 0.5, width: width - 1, height: height - 1, stroke: border };
  return [frame, { kind: 'rect', x: 1, y: 1, width: share * (width - 2), height: height - 2, fill: color }];
}
