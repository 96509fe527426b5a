import type { ModelInfo } from '../../engine/protocol/index.ts';
import { LoadModel, Recover } from '../../engine/protocol/requests.ts';
import { failureText } from './engineFailure.ts';
import type { EngineLog } from './engineLog.ts';
import type { EngineProcess } from './engineProcess.ts';

/** What a new engine process got back of what the one before held. */
export interface Restored {
  readonly model?: ModelInfo;
  /** Updates that the fast state holds again. */
  readonly updates: number;
  /** Why less came back than there was, in sentences. */
  readonly problem?: string;
}

/** What must be put back into an engine after a restart: the model, and the run files its memory is in. */
export class MemoryOfEngine {
  modelPath?: string;
  model?: ModelInfo;
  restored: Restored = { updates: 0 };
  /** Newest first. The one before stays until the newest is finished: a crash may come before its first update. */
  #runPaths: string[] = [];

  loaded(path: string, model: ModelInfo): void {
    this.modelPath = path;
    this.model = model;
    this.#runPaths = [];
  }

  training(runPath?: string): void {
    if (runPath) this.#runPaths = [runPath, ...this.#runPaths].slice(0, 2);
  }

  refused(runPath?: string): void {
    this.#runPaths = this.#runPaths.filter(path => path !== runPath);
  }

  trained(updates: number): void {
    if (this.model) this.model = { ...this.model, updates: this.model.updates + updates };
  }

  reset(model: ModelInfo): void {
    this.model = model;
    this.#runPaths = [];
  }

  /** Loads the model and recovers the memory. @throws EngineFailure only when the engine itself fails. */
  async restore(engine: EngineProcess, log: EngineLog): Promise<void> {
    this.restored = { updates: 0 };
    if (this.modelPath === undefined) return;
    const had = this.model?.updates ?? 0;
    try {
      this.model = await engine.request(LoadModel, { path: this.modelPath });
    } catch (error) {
      if (engine.cause !== undefined) throw error;
      this.modelPath = this.model = undefined;
      this.#runPaths = [];
      this.restored = { updates: 0, problem: `The model could not be loaded again: ${failureText(error)}` };
      return;
    }
    const problems: string[] = [];
    for (const runPath of this.#runPaths) {
      try {
        const { updates, recomputed } = await engine.request(Recover, { runPath });
        log.info(`Recovered ${updates} updates, ${recomputed} of them recomputed`);
        this.model = { ...this.model, updates };
        this.#runPaths = [runPath];
        this.restored = { model: this.model, updates };
        return;
      } catch (error) {
        if (engine.cause !== undefined) throw error;
        log.warn(`Recover: ${failureText(error)}`);
        problems.push(failureText(error));
      }
    }
    const lost = this.#runPaths.length > 0 || had > 0;
    this.#runPaths = [];
    this.restored = {
      model: this.model,
      updates: 0,
      problem: lost ? problems.join(' ') || 'It was not recorded.' : undefined,
    };
  }
}
