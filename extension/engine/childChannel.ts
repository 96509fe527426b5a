import { type ChildProcess, fork } from 'node:child_process';
import { createInterface } from 'node:readline';
import {
  createMessageConnection,
  IPCMessageReader,
  IPCMessageWriter,
  type MessageConnection,
} from 'vscode-jsonrpc/node';
import { connectionLogger, type EngineLog, shortLine } from './engineLog.ts';
import type { EngineCommand } from './handshake.ts';

/** A process of ours and the channel to it, which does not listen yet. */
export interface ChildChannel {
  readonly child: ChildProcess;
  readonly connection: MessageConnection;
}

/**
 * Forks a process whose lines and troubles go to the log. @param name how it is called there, in lower case
 * @param notStarted called when it never ran, and so does not exit either
 */
export function openChild(
  { modulePath, execPath, env }: Pick<EngineCommand, 'modulePath' | 'execPath' | 'env'>,
  name: string,
  log: EngineLog,
  notStarted: (cause: string) => void,
): ChildChannel {
  const child = fork(modulePath, [], {
    execPath,
    // The host may itself run under --inspect or a test loader; its children must not inherit that.
    execArgv: [],
    env,
    serialization: 'advanced',
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const title = name[0].toUpperCase() + name.slice(1);
  child.on('error', error => {
    log.error(`${title} process: ${error.message}`);
    if (child.pid === undefined) notStarted(error.message);
  });
  for (const stream of [child.stdout, child.stderr]) {
    if (stream) createInterface(stream).on('line', line => log.info(`[${name}] ${shortLine(line)}`));
  }
  const reader = new IPCMessageReader(child);
  const connection = createMessageConnection(reader, new IPCMessageWriter(child), connectionLogger(log));
  connection.onError(([error]) => log.warn(`${title} channel: ${error.message}`));
  return { child, connection };
}
