import type { DroppedBackend } from '../../engine/protocol/backend.ts';
import { BackendLost } from '../../engine/protocol/requests.ts';
import { BackendDrops } from './backendDrops.ts';
import type { EngineLog } from './engineLog.ts';
import { EngineProcess } from './engineProcess.ts';
import type { EngineTimes } from './engineTimes.ts';
import type { EngineCommand } from './handshake.ts';

/** Starts engines one after another, none on a backend that ended one before. */
export class EngineStarter {
  readonly #command: () => EngineCommand;
  readonly #log: EngineLog;
  readonly #times: EngineTimes;
  readonly #drops = new BackendDrops();
  /** What engines said of their backends before they ended. */
  readonly #lost = new WeakMap<EngineProcess, string>();

  constructor(command: () => EngineCommand, log: EngineLog, times: EngineTimes) {
    this.#command = command;
    this.#log = log;
    this.#times = times;
  }

  /** Starts one; a backend that ends it while it is opened is dropped, and the next one tried. @throws EngineFailure */
  async start(): Promise<EngineProcess> {
    for (;;) {
      const before = this.#drops.dropped.length;
      try {
        const engine = await EngineProcess.launch(this.#command(), this.#log, this.#times, {
          dropped: this.#drops.dropped,
          onOpeningEnd: (name, cause) =>
            void this.#drops.ended(name, cause, `it ended its engine while it was opened (${cause})`),
        });
        engine.onNotification(BackendLost, ({ reason }) => this.#lost.set(engine, reason));
        return engine;
      } catch (error) {
        const drop = this.#drops.dropped.at(before);
        if (!drop) throw error;
        this.#tell(drop);
      }
    }
  }

  /** Takes note of an engine that ended by itself. @returns its backend, when that is dropped because of it */
  ended(engine: EngineProcess, cause: string): DroppedBackend | undefined {
    const drop = this.#drops.ended(engine.info.backend, cause, this.#lost.get(engine));
    if (drop) this.#tell(drop);
    return drop;
  }

  /** Backends that ended their engine are opened again, from the next start on. */
  forgive(): void {
    this.#drops.clear();
  }

  #tell({ name, reason }: DroppedBackend): void {
    this.#log.warn(`The ${name} backend is not used any more: ${reason}`);
  }
}
