/** Shown where a number does not apply or was not recorded. */
export const NONE = '–';

/** Fixed decimals, or "1.2e-5" for what they would show as nothing. */
export function fixed(value: number, decimals: number): string {
  if (!Number.isFinite(value)) return NONE;
  return value !== 0 && Math.abs(value) < 0.5 * 10 ** -decimals
    ? value.toExponential(1)
    : value.toFixed(decimals);
}

/** ‖·‖ or a relative change as "1.2e-3"; 0 as "0". */
export function scientific(value: number): string {
  if (!Number.isFinite(value)) return NONE;
  return value === 0 ? '0' : value.toExponential(1);
}

/** A norm with four significant digits. */
export function norm(value: number): string {
  if (!Number.isFinite(value)) return NONE;
  const plain = value === 0 || (Math.abs(value) >= 1e-3 && Math.abs(value) < 1e5);
  return plain ? String(Number(value.toPrecision(4))) : value.toExponential(3);
}
