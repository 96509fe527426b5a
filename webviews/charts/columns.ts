/** One mark of a track: its left edge and width in px, and the largest value it stands for. */
export interface Column {
  readonly x: number;
  readonly width: number;
  readonly value: number;
}

/** The visible stretch of the time axis, in stream tokens. */
export interface TimeSpan {
  readonly from: number;
  readonly to: number;
}

/** A run of consecutive values, one a token. */
export interface Stretch {
  readonly position: number;
  readonly values: ArrayLike<number>;
}

/**
 * Turns values a token into columns of at least 1 px. Where several tokens share a pixel the largest
 * value is kept, so that no spike disappears; pixels are tied to tokens and not to the window's edge,
 * so that spikes do not flicker while the window moves. Values that are no numbers are left out.
 */
export function tokenColumns(stretches: Iterable<Stretch>, span: TimeSpan, width: number): Column[] {
  const perToken = width / (span.to - span.from);
  return perToken >= 1 ? wideColumns(stretches, span, perToken) : pixelColumns(stretches, span, width);
}

function wideColumns(stretches: Iterable<Stretch>, { from, to }: TimeSpan, perToken: number): Column[] {
  const gap = perToken >= 3 ? 1 : 0;
  const columns: Column[] = [];
  forEachValue(stretches, { from, to }, (token, value) => {
    const x = Math.round((token - from) * perToken);
    const end = Math.round((token + 1 - from) * perToken);
    columns.push({ x, width: Math.max(1, end - x - gap), value });
  });
  return columns;
}

function pixelColumns(stretches: Iterable<Stretch>, { from, to }: TimeSpan, width: number): Column[] {
  const perPixel = (to - from) / width;
  const origin = Math.floor(from / perPixel);
  const maxima: number[] = [];
  forEachValue(stretches, { from, to }, (token, value) => {
    const x = Math.min(Math.ceil(width) - 1, Math.max(0, Math.floor(token / perPixel) - origin));
    if (!(maxima[x] >= value)) maxima[x] = value;
  });
  const columns: Column[] = [];
  maxima.forEach((value, x) => {
    columns.push({ x, width: 1, value });
  });
  return columns;
}

function forEachValue(
  stretches: Iterable<Stretch>,
  { from, to }: TimeSpan,
  visit: (token: number, value: number) => void,
): void {
  for (const { position, values } of stretches) {
    const start = Math.max(0, from - position);
    const end = Math.min(values.length, to - position);
    for (let i = start; i < end; i++) if (Number.isFinite(values[i])) visit(position + i, values[i]);
  }
}
