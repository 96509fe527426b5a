/** How many cores the wasm backend's kernels compute on: a number, or as many as a timed test finds worth while. */
export type ThreadCount = number | 'auto';

/** The most cores that may be asked for; a kernel has few parts. */
export const MOST_THREADS = 16;

/** A setting's or an option's value as a count, undefined where it is none. */
export function threadCount(value: unknown): ThreadCount | undefined {
  if (value === 'auto') return value;
  const count = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
  const fits = typeof count === 'number' && Number.isInteger(count) && count >= 1 && count <= MOST_THREADS;
  return fits ? count : undefined;
}
