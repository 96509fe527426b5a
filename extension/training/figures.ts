import { grouped } from '../../report/figures.ts';

export { grouped, megabytes, probability } from '../../report/figures.ts';

/** A relative change as "7.1e-2". */
export function relative(value: number): string {
  return Number.isFinite(value) ? value.toExponential(1) : '–';
}

/** How many times, "×400" or "×0.93". */
export function factor(before: number, after: number): string {
  if (!(before > 0)) return '×∞';
  const times = after / before;
  return `×${times >= 100 ? grouped(times) : Number(times.toPrecision(2))}`;
}

/** Seconds as "40 s", "12 min" or "6.5 h". */
export function duration(seconds: number): string {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}
