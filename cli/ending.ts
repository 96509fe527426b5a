import { isatty } from 'node:tty';
import { CommanderError } from 'commander';
import { reasonOf } from '../engine/checkpoint/atomicFile.ts';
import { InterruptedError } from './interrupt.ts';

/**
 * Says in one line on standard error why a command ended before its end, and what to do about it.
 * @returns the exit code: 1 for a refused input, 130 when interrupted.
 */
export function reportEnding(error: unknown): number {
  // Help that was asked for, or a usage error that is on standard error already.
  if (error instanceof CommanderError) return error.exitCode;
  process.stderr.write(`${isatty(2) ? '\r\x1b[2K' : ''}${oneLine(`hopescope: ${reasonAndRemedy(error)}`)}\n`);
  return error instanceof InterruptedError ? error.exitCode : 1;
}

/** A usage error of the command line as one line that also says where to look. */
export function usageLine(text: string): string {
  // Words too many may be a text or a probe without its quotes; they are not repeated.
  const bare = text.replace(/^error: /, '').replace(/(but got \d+): .*/s, '$1');
  const reason = oneLine(bare).replace(/\.$/, '');
  return `hopescope: ${reason}. "hopescope COMMAND --help" explains the options.\n`;
}

function reasonAndRemedy(error: unknown): string {
  const { message, remedy, path, code } = error as Error & { remedy?: string; path?: string; code?: string };
  if (remedy) return `${message.replace(/\.$/, '')}. ${remedy}`;
  if (path && code) return `${path}: cannot be used: ${reasonOf(error)}. Check the path.`;
  return message;
}

function oneLine(text: string): string {
  return text.replace(/\s*[\r\n]+\s*/g, ' ').trim();
}
