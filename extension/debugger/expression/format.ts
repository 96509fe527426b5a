import type { Value } from './expression.ts';

/** A value as Watch and the Debug Console show it: numbers with six significant digits. */
export function formatValue(value: Value): string {
  if (typeof value === 'string') return JSON.stringify(value);
  return typeof value === 'number' ? formatNumber(value) : String(value);
}

/** NaN, which stands for "does not apply" in what is recorded, as "n/a". */
export function formatNumber(value: number): string {
  if (Number.isNaN(value)) return 'n/a';
  return String(Number(value.toPrecision(6)));
}
