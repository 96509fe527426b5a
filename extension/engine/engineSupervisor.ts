import { type Disposable, Emitter, type Event } from 'vscode-jsonrpc/node';
import type { DroppedBackend } from '../../engine/protocol/index.ts';
import type { InitializeResult } from '../../engine/protocol/requests.ts';
import type { EngineReturn } from './engineEvents.ts';
import { EngineFailure, failureText } from './engineFailure.ts';
import type { EngineLog } from './engineLog.ts';
import type { EngineProcess } from './engineProcess.ts';
import { EngineStarter } from './engineStarter.ts';
import type { EngineTimes } from './engineTimes.ts';
import type { EngineCommand } from './handshake.ts';
import type { MemoryOfEngine } from './memoryOfEngine.ts';
import { RestartPolicy } from './restartPolicy.ts';

/** What every engine is given before it is used. */
export interface Attendance {
  /** Listens to a new engine; its model and memory are put back afterwards. */
  attend(engine: EngineProcess): void;
  /** Called when a restart gave back another model than there was, or none. */
  modelChanged(): void;
}

/** Keeps one engine running: starts it at the first need, and after a crash again with its model and memory. */
export class EngineSupervisor implements Disposable {
  readonly #starter: EngineStarter;
  readonly #memory: MemoryOfEngine;
  readonly #log: EngineLog;
  readonly #attendance: Attendance;
  readonly #policy = new RestartPolicy();
  readonly #started = new Emitter<InitializeResult>();
  readonly #stopped = new Emitter<string>();
  readonly #returned = new Emitter<EngineReturn>();
  #process?: EngineProcess;
  #starting?: Promise<EngineProcess>;
  #disposed = false;

  readonly onDidStart: Event<InitializeResult> = this.#started.event;
  /** The process ended without being asked to; the value is the cause. */
  readonly onDidStop: Event<string> = this.#stopped.event;
  readonly onDidReturn: Event<EngineReturn> = this.#returned.event;

  /** @param command read at every start, so that a changed setting counts from the next one on. */
  constructor(
    command: () => EngineCommand,
    memory: MemoryOfEngine,
    log: EngineLog,
    times: EngineTimes,
    attendance: Attendance,
  ) {
    this.#starter = new EngineStarter(command, log, times);
    this.#memory = memory;
    this.#log = log;
    this.#attendance = attendance;
  }

  get running(): boolean {
    return this.#process !== undefined;
  }

  /** The engine, started when none runs. @throws EngineFailure when it cannot be */
  engine(): Promise<EngineProcess> {
    if (this.#process) return Promise.resolve(this.#process);
    this.#starting ??= this.#settle(this.#launch());
    return this.#starting;
  }

  /** Backends that ended their engine are opened again, from the next start on. */
  forgiveBackends(): void {
    this.#starter.forgive();
  }

  /** Ends the engine, if one runs, and starts another with the same model and memory. */
  async restart(): Promise<void> {
    const engine = this.#process ?? (await this.#starting?.catch(() => undefined));
    this.#process = undefined;
    await engine?.stop('restarted');
    this.#starting = undefined;
    await this.engine();
  }

  /** Asks the engine to leave and kills it after two seconds; resolves when it is gone. */
  async stop(): Promise<void> {
    this.#disposed = true;
    const engine = this.#process ?? (await this.#starting?.catch(() => undefined));
    this.#process = undefined;
    await engine?.stop();
  }

  dispose(): void {
    void this.stop();
    for (const emitter of [this.#started, this.#stopped, this.#returned]) emitter.dispose();
  }

  #settle(starting: Promise<EngineProcess>): Promise<EngineProcess> {
    const settled = starting.finally(() => {
      if (this.#starting === settled) this.#starting = undefined;
    });
    settled.catch(() => undefined);
    return settled;
  }

  async #launch(): Promise<EngineProcess> {
    const engine = await this.#starter.start();
    if (this.#disposed) {
      await engine.stop();
      throw new EngineFailure('stopped', 'The extension is shutting down.');
    }
    this.#log.info(
      `Engine ${engine.info.engineVersion}, backend ${engine.info.label}, pid ${engine.info.pid}`,
    );
    this.#attendance.attend(engine);
    this.#started.fire(engine.info);
    const before = this.#memory.model;
    await this.#memory.restore(engine, this.#log);
    if (before !== this.#memory.model) this.#attendance.modelChanged();
    this.#process = engine;
    void engine.ended.then(cause => this.#ended(engine, cause));
    return engine;
  }

  #ended(engine: EngineProcess, cause: string): void {
    if (engine !== this.#process) return;
    this.#process = undefined;
    this.#log.error(`The engine stopped: ${cause}`);
    const dropped = this.#starter.ended(engine, cause);
    this.#starting = this.#settle(this.#revive(cause, dropped));
    this.#starting.catch(error => {
      if (!this.#disposed) this.#returned.fire({ cause, dropped, problem: failureText(error) });
    });
    this.#stopped.fire(cause);
  }

  async #revive(cause: string, dropped?: DroppedBackend): Promise<EngineProcess> {
    let problem = `The engine stopped (${cause}).`;
    for (;;) {
      const delay = this.#policy.next(Date.now());
      if (delay === undefined || this.#disposed) break;
      await new Promise(resolve => setTimeout(resolve, delay));
      try {
        const engine = await this.#launch();
        this.#returned.fire({
          ...{ cause, dropped, backend: engine.info.label },
          restored: this.#memory.restored,
        });
        return engine;
      } catch (error) {
        problem = failureText(error);
        this.#log.error(`Restart: ${problem}`);
      }
    }
    throw new EngineFailure('stopped', problem);
  }
}
