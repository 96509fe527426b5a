import type { Logger } from 'vscode-jsonrpc/node';

/** The part of a log channel that the engine client writes to. */
export interface EngineLog {
  debug(text: string): void;
  info(text: string): void;
  warn(text: string): void;
  error(text: string): void;
}

const LONGEST_LINE = 500;

/** One line of the engine's own output, cut so that a stray dump cannot fill the log. */
export function shortLine(text: string): string {
  return text.length > LONGEST_LINE ? `${text.slice(0, LONGEST_LINE)}… (${text.length} characters)` : text;
}

/** The connection's complaints without their second line on, which quotes the message and so the user's text. */
export function connectionLogger(log: EngineLog): Logger {
  const first = (text: string) => shortLine(text.split('\n', 1)[0]);
  return {
    error: text => log.error(first(text)),
    warn: text => log.warn(first(text)),
    info: text => log.info(first(text)),
    log: text => log.debug(first(text)),
  };
}

/** Runs a handler of an event; what it throws is logged and goes no further. */
export function guarded<A extends unknown[]>(log: EngineLog, what: string, handler: (...args: A) => void) {
  return (...args: A): void => {
    try {
      handler(...args);
    } catch (error) {
      log.error(`${what}: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
}
