import { constants } from 'node:os';

/** The user pressed Ctrl+C or ended the process in order. */
export class InterruptedError extends Error {
  override readonly name = 'InterruptedError';
  /** 130 for SIGINT, 143 for SIGTERM. */
  readonly exitCode: number;

  /** @param done how far the command got, the rest of the line "interrupted …" */
  constructor(signal: AbortSignal, done: string) {
    super(`interrupted ${done}`);
    this.exitCode = signal.reason as number;
  }
}

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;
// A launcher passes on what the terminal has delivered already, and a long tick may hold up the second of the two.
const SAME_KEY_PRESS = 2000;

/** Ends the process at SIGINT with 130 and at SIGTERM with 143, in words: for commands that leave nothing behind. */
export function exitOnInterrupt(): void {
  listen(code => {
    process.stderr.write('hopescope: interrupted\n');
    process.exit(code);
  });
}

/**
 * From now on the first SIGINT or SIGTERM aborts, so that the command ends in order; its reason is the exit code.
 * One that comes two seconds later ends the process at once.
 */
export function abortOnInterrupt(): AbortSignal {
  const controller = new AbortController();
  let first = 0;
  listen(code => {
    if (!controller.signal.aborted) {
      first = performance.now();
      process.exitCode = code;
      controller.abort(code);
    } else if (performance.now() - first > SAME_KEY_PRESS) {
      process.exit();
    }
  });
  return controller.signal;
}

function listen(stop: (exitCode: number) => void): void {
  for (const signal of SIGNALS) {
    process.removeAllListeners(signal);
    process.on(signal, () => stop(128 + constants.signals[signal]));
  }
}
