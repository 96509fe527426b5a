/** 1234567 as "1 234 567", with thin spaces. */
export function grouped(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+(?!\d))/g, '\u2009');
}

/** Bytes as "20.0 MB". */
export function megabytes(bytes: number): string {
  return bytes < 100_000 ? `${(bytes / 1000).toFixed(1)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/** A relative change as "7.1e-2". */
export function relative(value: number): string {
  return Number.isFinite(value) ? value.toExponential(1) : '–';
}

/** A probability with two digits that count: "0.12", "3.4e-5". */
export function probability(value: number): string {
  return value >= 0.001 ? String(Number(value.toPrecision(2))) : value.toExponential(1);
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
