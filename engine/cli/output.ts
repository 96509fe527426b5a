import { isatty } from 'node:tty';

/** Where a command reports: one JSON object or lines on standard output, progress on standard error. */
export class Output {
  private shown = 0;

  constructor(private readonly json: boolean) {}

  /** A progress line, at most ten a second; on a terminal it replaces the one before. */
  progress(line: string, force = false): void {
    const now = performance.now();
    if (!force && now - this.shown < (isatty(2) ? 100 : 5000)) return;
    this.shown = now;
    process.stderr.write(isatty(2) ? `\r\x1b[2K${line}` : `${line}\n`);
  }

  /** Ends the progress line. */
  endProgress(): void {
    if (isatty(2) && this.shown) process.stderr.write('\r\x1b[2K');
  }

  /** The command's result: `value` as one JSON object under `--json`, else `lines`. */
  result(value: unknown, lines: readonly string[]): void {
    this.endProgress();
    process.stdout.write(this.json ? `${JSON.stringify(value)}\n` : `${lines.join('\n')}\n`);
  }
}

/** Seconds as `1 h 02 min`, `3 min 20 s` or `12 s`. */
export function duration(seconds: number): string {
  const s = Math.round(seconds);
  if (s >= 3600)
    return `${Math.floor(s / 3600)} h ${String(Math.floor((s % 3600) / 60)).padStart(2, '0')} min`;
  return s >= 60 ? `${Math.floor(s / 60)} min ${String(s % 60).padStart(2, '0')} s` : `${s} s`;
}
