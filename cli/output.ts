import { isatty } from 'node:tty';
import { reasonOf } from '../engine/checkpoint/atomicFile.ts';

/** Where a command reports: one JSON object or lines on standard output, progress on standard error. */
export class Output {
  private shown = Number.NEGATIVE_INFINITY;

  constructor(private readonly json: boolean) {}

  /** A progress line, at most ten a second on a terminal, where it replaces the one before; else one in 5 s. */
  progress(line: string): void {
    const now = performance.now();
    if (now - this.shown < (isatty(2) ? 100 : 5000)) return;
    this.shown = now;
    process.stderr.write(isatty(2) ? `\r\x1b[2K${line}` : `${line}\n`);
  }

  /** A line that stays. */
  note(line: string): void {
    process.stderr.write(`${isatty(2) ? '\r\x1b[2K' : ''}${line}\n`);
  }

  /**
   * The command's result: `value` as one JSON object under `--json`, where numbers that are not finite become null,
   * else `lines`. Resolves when all of it has left the process.
   */
  async result(value: object, lines: readonly string[]): Promise<void> {
    if (isatty(2)) process.stderr.write('\r\x1b[2K');
    const text = this.json ? JSON.stringify(value) : lines.join('\n');
    await new Promise<void>(resolve => {
      process.stdout.write(`${text}\n`, () => resolve());
    });
  }
}

/**
 * Ends the process when standard output cannot be written: in silence when its reader went away (`| head`), which
 * is no error of ours. What a reader of standard error misses is only progress.
 */
export function watchOutput(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit();
    process.stderr.write(`hopescope: standard output cannot be written: ${reasonOf(error)}\n`);
    process.exit(1);
  });
  process.stderr.on('error', () => {});
}
