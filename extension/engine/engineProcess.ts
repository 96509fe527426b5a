import type { ChildProcess } from 'node:child_process';
import {
  type CancellationToken,
  CancellationTokenSource,
  type Disposable,
  type MessageConnection,
  type NotificationType,
  type ProgressType,
  type RequestParam,
  type RequestType,
  type RequestType0,
} from 'vscode-jsonrpc/node';
import type { BackendName, DroppedBackend } from '../../engine/protocol/backend.ts';
import {
  type EngineErrorData,
  Heartbeat,
  Initialize,
  type InitializeResult,
  Log,
  OpeningBackend,
} from '../../engine/protocol/requests.ts';
import { PROTOCOL_VERSION } from '../../engine/protocol/version.ts';
import { openChild } from './childChannel.ts';
import { EngineFailure } from './engineFailure.ts';
import { type EngineLog, guarded, shortLine } from './engineLog.ts';
import { ENGINE_TIMES, type EngineTimes } from './engineTimes.ts';
import { agreed, type EngineCommand, startFailure } from './handshake.ts';
import { HeartbeatWatch } from './heartbeatWatch.ts';
import { toFailure } from './toFailure.ts';

export interface RequestOptions {
  readonly token?: Pick<CancellationToken, 'isCancellationRequested' | 'onCancellationRequested'>;
  /** Milliseconds; 0 waits as long as the engine lives. */
  readonly timeout?: number;
}

export interface LaunchOptions {
  /** Backends that are not to be opened. */
  readonly dropped?: readonly DroppedBackend[];
  /** Called when the engine ended or gave no answer while it opened a backend. */
  onOpeningEnd?(name: BackendName, cause: string): void;
}

/** One engine process, from the handshake to its end. Every failure of a request is an `EngineFailure`. */
export class EngineProcess {
  readonly #child: ChildProcess;
  readonly #connection: MessageConnection;
  readonly #log: EngineLog;
  readonly #times: EngineTimes;
  readonly #ended = Promise.withResolvers<string>();
  #watch?: HeartbeatWatch;
  #killedFor?: string;
  #cause?: string;
  #info?: InitializeResult;

  private constructor(command: EngineCommand, log: EngineLog, times: EngineTimes) {
    this.#log = log;
    this.#times = times;
    const { child, connection } = openChild(command, 'engine', log, cause => this.#end(cause));
    this.#child = child;
    this.#connection = connection;
    this.#child.on('exit', (code, signal) => {
      const cause = this.#killedFor ?? (signal ? `signal ${signal}` : `exit code ${code}`);
      // What it sent last may still be in the channel.
      if (this.#child.connected) {
        this.#child.once('disconnect', () => this.#end(cause));
        setTimeout(() => this.#end(cause), 200).unref();
      } else this.#end(cause);
    });
    this.onNotification(Log, ({ level, text }) => log[level](`[engine] ${shortLine(text)}`));
    this.onNotification(Heartbeat, ({ residentBytes, tensors }) => {
      this.#watch?.beat();
      log.debug(`Engine: ${Math.round(residentBytes / 1_048_576)} MiB, ${tensors} tensors`);
    });
    this.#connection.listen();
  }

  /** Starts an engine and agrees on the protocol. @throws EngineFailure `start`, `version` or what the engine refused */
  static async launch(
    command: EngineCommand,
    log: EngineLog,
    times = ENGINE_TIMES,
    { dropped = [], onOpeningEnd }: LaunchOptions = {},
  ): Promise<EngineProcess> {
    const engine = new EngineProcess(command, log, times);
    const { backend, storage, nativeFolder, threads, model } = command;
    let current: BackendName | undefined;
    const told = engine.onNotification(OpeningBackend, ({ name }) => {
      current = name;
    });
    try {
      const info: unknown = await engine.request(
        Initialize,
        { protocolVersion: PROTOCOL_VERSION, backend, storage, nativeFolder, threads, model, dropped },
        { timeout: times.initialize },
      );
      told.dispose();
      engine.#info = agreed(info);
    } catch (error) {
      const failure = startFailure(error, command);
      // An engine that ends or hangs while it opens a backend does so because of it.
      if (current && failure.code === 'start') onOpeningEnd?.(current, engine.cause ?? 'no answer');
      engine.#kill(failure.message);
      throw failure;
    }
    const seconds = Math.round((times.beat * times.missedBeats) / 1000);
    engine.#watch = new HeartbeatWatch(times.beat, times.missedBeats, () =>
      engine.#kill(`no heartbeat for ${seconds} s`),
    );
    return engine;
  }

  get info(): InitializeResult {
    return this.#info!;
  }

  /** Why it stopped; undefined while it runs. */
  get cause(): string | undefined {
    return this.#cause;
  }

  /** Resolves with the cause when the process has ended. */
  get ended(): Promise<string> {
    return this.#ended.promise;
  }

  request<P, R>(
    type: RequestType<P, R, EngineErrorData>,
    params: P,
    options: RequestOptions = {},
  ): Promise<R> {
    return this.#answer(type.method, options, token =>
      this.#connection.sendRequest(type, params as RequestParam<P>, token),
    );
  }

  ask<R>(type: RequestType0<R, EngineErrorData>, options: RequestOptions = {}): Promise<R> {
    return this.#answer(type.method, options, token => this.#connection.sendRequest(type, token));
  }

  notify<P>(type: NotificationType<P>, params: P): void {
    if (this.#cause !== undefined) return;
    this.#connection
      .sendNotification(type, params as RequestParam<P>)
      .catch(error => this.#log.warn(`Engine channel: ${error}`));
  }

  onNotification<P>(type: NotificationType<P>, handler: (params: P) => void): Disposable {
    return this.#connection.onNotification(type, guarded(this.#log, type.method, handler));
  }

  onProgress<P>(type: ProgressType<P>, token: string, handler: (value: P) => void): Disposable {
    return this.#connection.onProgress(type, token, guarded(this.#log, 'progress', handler));
  }

  /** Asks it to leave by closing the channel, and kills it when it stays. Resolves when it is gone. */
  async stop(reason = 'asked to stop'): Promise<void> {
    this.#killedFor ??= reason;
    this.#watch?.dispose();
    if (this.#child.connected) this.#child.disconnect();
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), this.#times.grace);
    await this.#ended.promise;
    clearTimeout(timer);
  }

  /** Ends it at once. @param reason shown to the user as the cause */
  kill(reason: string): void {
    this.#kill(reason);
  }

  #kill(reason: string): void {
    this.#killedFor ??= reason;
    this.#watch?.dispose();
    this.#child.kill('SIGKILL');
  }

  #end(cause: string): void {
    if (this.#cause !== undefined) return;
    this.#cause = cause;
    this.#watch?.dispose();
    // Rejects every request still waiting.
    this.#connection.dispose();
    this.#ended.resolve(cause);
  }

  async #answer<R>(
    method: string,
    { token, timeout = this.#times.request }: RequestOptions,
    send: (token: CancellationToken) => Promise<R>,
  ): Promise<R> {
    if (this.#cause !== undefined) throw toFailure(undefined, false, this.#cause);
    if (token?.isCancellationRequested) throw toFailure(undefined, true);
    const source = new CancellationTokenSource();
    const given = Promise.withResolvers<never>();
    const timers: NodeJS.Timeout[] = [];
    const after = (ms: number, failure: () => EngineFailure) =>
      timers.push(
        setTimeout(() => {
          source.cancel();
          given.reject(failure());
        }, ms),
      );
    if (timeout > 0) {
      const seconds = Math.round(timeout / 1000);
      after(
        timeout,
        () => new EngineFailure('timeout', `The engine did not answer “${method}” in ${seconds} s.`),
      );
    }
    const cancel = token?.onCancellationRequested(() => {
      source.cancel();
      after(this.#times.grace, () => toFailure(undefined, true));
    });
    try {
      return await Promise.race([send(source.token), given.promise]);
    } catch (error) {
      throw toFailure(error, token?.isCancellationRequested ?? false, this.#cause);
    } finally {
      for (const timer of timers) clearTimeout(timer);
      cancel?.dispose();
      source.dispose();
    }
  }
}
