import type { ChildProcess } from 'node:child_process';
import type { CancellationToken } from 'vscode';
import type {
  Disposable,
  MessageConnection,
  ProgressType,
  RequestParam,
  RequestType,
} from 'vscode-jsonrpc/node';
import type { EngineErrorData } from '../../engine/protocol/requests.ts';
import { openChild } from '../engine/childChannel.ts';
import { EngineFailure } from '../engine/engineFailure.ts';
import type { EngineLog } from '../engine/engineLog.ts';
import type { EngineCommand } from '../engine/handshake.ts';
import { toFailure } from '../engine/toFailure.ts';

export interface InspectorOptions {
  readonly token?: CancellationToken;
  /** Milliseconds until it counts as hung and is ended; 0 waits as long as it lives. */
  readonly timeout?: number;
}

const PATIENCE = 60_000;
const CANCEL_GRACE = 5_000;

/** The process that reads checkpoints. Every failure of a request is an `EngineFailure`. */
export class InspectorProcess {
  readonly #child: ChildProcess;
  readonly #connection: MessageConnection;
  readonly #ended = Promise.withResolvers<string>();
  #cause?: string;

  constructor(command: Pick<EngineCommand, 'modulePath' | 'execPath' | 'env'>, log: EngineLog) {
    const { child, connection } = openChild(command, 'inspector', log, cause => this.#end(cause));
    this.#child = child;
    this.#connection = connection;
    this.#child.on('exit', (code, signal) => this.#end(signal ? `signal ${signal}` : `exit code ${code}`));
    this.#connection.listen();
  }

  /** Why it stopped; undefined while it runs. */
  get cause(): string | undefined {
    return this.#cause;
  }

  async request<P, R>(
    type: RequestType<P, R, EngineErrorData>,
    params: P,
    { token, timeout = PATIENCE }: InspectorOptions = {},
  ): Promise<R> {
    if (token?.isCancellationRequested) throw toFailure(undefined, true);
    const given = Promise.withResolvers<never>();
    // Whoever does not answer, cancelled or not, is stuck: what it was asked for next would wait behind it.
    const giveUp = (ms: number) =>
      setTimeout(() => {
        given.reject(
          new EngineFailure('timeout', `The checkpoint was not read in ${Math.round(ms / 1000)} s.`),
        );
        this.kill();
      }, ms);
    let timer = timeout > 0 ? giveUp(timeout) : undefined;
    const cancel = token?.onCancellationRequested(() => {
      clearTimeout(timer);
      timer = giveUp(CANCEL_GRACE);
    });
    const ended = this.#ended.promise.then(cause => {
      throw toFailure(undefined, false, cause);
    });
    ended.catch(() => {});
    try {
      const answer = this.#connection.sendRequest(type, params as RequestParam<P>, token);
      return await Promise.race([answer, ended, given.promise]);
    } catch (error) {
      throw toFailure(error, token?.isCancellationRequested ?? false, this.#cause);
    } finally {
      clearTimeout(timer);
      cancel?.dispose();
    }
  }

  onProgress<P>(type: ProgressType<P>, token: string, handler: (value: P) => void): Disposable {
    return this.#connection.onProgress(type, token, handler);
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  #end(cause: string): void {
    if (this.#cause !== undefined) return;
    this.#cause = cause;
    this.#connection.dispose();
    this.#ended.resolve(cause);
  }
}
