import type { Shape } from './shapes.ts';
import { chartSurface } from './surface.ts';
import type { Theme } from './theme.ts';

export interface WriteBarsData {
  /** ‖·‖_F of the three parts and of their sum. */
  readonly decay: number;
  readonly erase: number;
  readonly write: number;
  readonly delta: number;
}

export interface WriteBarsOptions {
  readonly width: number;
  readonly theme: Theme;
  readonly color: string;
  /** Writes a norm. */
  readonly number: (norm: number) => string;
}

const ROW = 18;
export const WRITE_BARS_HEIGHT = 4 * ROW;
const NAME = 60;
const NUMBERS = 56;

/** What one update adds up from: decay, erase and write as bars on one scale, and the sum below. */
export function writeBars(container: HTMLElement, data: WriteBarsData, options: WriteBarsOptions) {
  const surface = chartSurface(container);
  const update = (data: WriteBarsData, options: WriteBarsOptions): void => {
    const { width, theme } = options;
    const labels = writeBarShapes(data, options);
    surface.draw({ width, height: WRITE_BARS_HEIGHT, marks: [], labels, dense: false, theme });
  };
  update(data, options);
  return update;
}

/** The chart's shapes; exported files use them too. */
export function writeBarShapes(
  data: WriteBarsData,
  { width, theme, color, number }: WriteBarsOptions,
): Shape[] {
  const rows = [
    ['decay', data.decay, theme.dim],
    ['erase', data.erase, theme.dim],
    ['write', data.write, color],
    ['‖ΔW‖', data.delta, color],
  ] as const;
  const most = Math.max(...rows.map(([, value]) => (Number.isFinite(value) ? value : 0)), Number.MIN_VALUE);
  const room = width - NAME - NUMBERS;
  return rows.flatMap(([name, value, fill], i): Shape[] => {
    const y = i * ROW;
    const bar = { x: NAME, y: y + 4, width: Math.max(1, (value / most) * room), height: 9 };
    return [
      { kind: 'text', x: 0, y: y + 13, text: name, fill: theme.foreground },
      ...(value > 0 ? [{ kind: 'rect', ...bar, fill } satisfies Shape] : []),
      {
        ...{ kind: 'text', x: width, y: y + 13, text: number(value), fill: theme.foreground },
        ...{ anchor: 'end', number: true },
      },
    ];
  });
}
