import { fork } from 'node:child_process';
import { createInterface } from 'node:readline';
import { finished } from 'node:stream/promises';
import type { CancellationToken } from 'vscode';
import { EngineFailure } from '../engine/engineFailure.ts';
import { type EngineLog, shortLine } from '../engine/engineLog.ts';

/** The command line that comes with the extension, and the Node that runs it. */
export interface CommandLine {
  readonly cliPath: string;
  readonly execPath: string;
  readonly env: NodeJS.ProcessEnv;
}

/** From a wish to stop to the kill. */
const GRACE_MS = 10_000;
const STEP = /^Step \d+ of \d+: (.*)$/;

/**
 * Runs `hopescope backends …`, the same code as on the command line, and answers with its JSON object. What it prints
 * goes to the log. A cancelled token closes its channel, at which it ends in order and leaves nothing half done.
 * @param onStep what it does now @throws EngineFailure
 */
export async function runBackendsCommand<T>(
  { cliPath, execPath, env }: CommandLine,
  args: readonly string[],
  log: EngineLog,
  onStep: (name: string) => void,
  token?: CancellationToken,
): Promise<T> {
  const child = fork(cliPath, ['backends', ...args, '--json'], {
    ...{ execPath, env, execArgv: [] },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let printed = '';
  let last = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    printed += text;
  });
  createInterface(child.stderr!).on('line', line => {
    last = line;
    log.info(`[backends] ${shortLine(line)}`);
    const step = STEP.exec(line)?.[1];
    if (step) onStep(step);
  });
  let timer: NodeJS.Timeout | undefined;
  const cancel = token?.onCancellationRequested(() => {
    if (child.connected) child.disconnect();
    timer = setTimeout(() => child.kill('SIGKILL'), GRACE_MS);
  });
  try {
    // The event `close` does not come after this side has closed the channel.
    const ended = new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', resolve);
    });
    const [code] = await Promise.all([ended, finished(child.stdout!), finished(child.stderr!)]);
    if (token?.isCancellationRequested)
      throw new EngineFailure('cancelled', 'Cancelled; nothing was changed.');
    if (code === 0) return JSON.parse(printed) as T;
    throw new EngineFailure('start', last.replace(/^hopescope: /, '') || `It ended with exit code ${code}.`);
  } finally {
    clearTimeout(timer);
    cancel?.dispose();
  }
}
