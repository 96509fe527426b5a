/** Shown where a number does not apply or was not recorded. */
export const NONE = '–';

/** A whole number with thin spaces between thousands, as on axes and in rows. */
export const grouped = (n: number): string =>
  Number.isFinite(n) ? String(Math.round(n)).replace(/\B(?=(\d{3})+$)/g, '\u2009') : NONE;

/** ρ and norms: two significant digits in scientific notation, such as 4.3e-3. */
export const scientific = (n: number): string => {
  if (!Number.isFinite(n)) return NONE;
  return n === 0 ? '0' : n.toExponential(1);
};

/** Gates, drift and surprises with a fixed number of decimals. */
export const fixed = (n: number, decimals: number): string =>
  Number.isFinite(n) ? n.toFixed(decimals) : NONE;

/** Norms: four significant digits. */
export const significant = (n: number): string => {
  if (!Number.isFinite(n)) return NONE;
  return n !== 0 && (Math.abs(n) < 1e-3 || Math.abs(n) >= 1e5)
    ? n.toExponential(3)
    : String(Number(n.toPrecision(4)));
};

/** `1 token`, `4 tokens`. */
export const count = (n: number, noun: string): string => `${grouped(n)} ${noun}${n === 1 ? '' : 's'}`;
