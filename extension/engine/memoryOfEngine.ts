import type { ModelInfo } from '../../engine/protocol/index.ts';
import { LoadFastState, LoadModel, Recover } from '../../engine/protocol/requests.ts';
import { SeekRun } from '../../engine/protocol/runRequests.ts';
import { failureText } from './engineFailure.ts';
import type { EngineLog } from './engineLog.ts';
import type { EngineProcess } from './engineProcess.ts';

/** An update of a recorded run that the memory was put to. */
export interface RunPlace {
  readonly path: string;
  readonly updates: number;
}

/** What a new engine process got back of what the one before held. */
export interface Restored {
  readonly model?: ModelInfo;
  /** Updates that the fast state holds again. */
  readonly updates: number;
  /** The update of a run that the memory had been put to and is at again. */
  readonly place?: RunPlace;
  /** Why less came back than there was, in sentences. */
  readonly problem?: string;
}

/** What must be put back into an engine after a restart: the model, the run files its memory is in, and its place there. */
export class MemoryOfEngine {
  modelPath?: string;
  model?: ModelInfo;
  restored: Restored = { updates: 0 };
  /** A saved fast state that the memory was put to before its runs. */
  #statePath?: string;
  /** Newest first. The one before stays until the newest is finished: a crash may come before its first update. */
  #runPaths: string[] = [];
  /** Unless the memory is at the end of its newest run. */
  #place?: RunPlace;
  /** Its place before the newest run, should that be refused. */
  #before?: RunPlace;
  /** Updates of the newest run, as far as it is stepped through. */
  #stepped = 0;

  loaded(path: string, model: ModelInfo): void {
    this.modelPath = path;
    this.reset(model);
  }

  training(runPath?: string): void {
    this.#before = this.#place;
    this.#place = undefined;
    this.#stepped = 0;
    if (runPath) this.#runPaths = [runPath, ...this.#runPaths].slice(0, 2);
  }

  refused(runPath?: string): void {
    this.#runPaths = this.#runPaths.filter(path => path !== runPath);
    this.#place = this.#before;
  }

  trained(updates: number): void {
    if (this.model) this.model = { ...this.model, updates: this.model.updates + updates };
  }

  /** The memory was put to an update of a run. */
  movedTo(place: RunPlace): void {
    this.#place = place;
  }

  /** The cursor of the newest run, which is stepped through, is after so many updates. */
  stepped(updates: number): void {
    this.#stepped = Math.max(this.#stepped, updates);
    const [path] = this.#runPaths;
    this.#place = path !== undefined && updates < this.#stepped ? { path, updates } : undefined;
  }

  reset(model: ModelInfo): void {
    this.model = model;
    this.#statePath = undefined;
    this.#runPaths = [];
    this.#place = undefined;
  }

  /** The memory was put to a saved fast state. */
  stateLoaded(path: string, model: ModelInfo): void {
    this.reset(model);
    this.#statePath = path;
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
      this.modelPath = this.model = this.#statePath = undefined;
      this.#runPaths = [];
      this.#place = undefined;
      this.restored = { updates: 0, problem: `The model could not be loaded again: ${failureText(error)}` };
      return;
    }
    const lost = this.#runPaths.length > 0 || had > 0;
    const { updates, problem } = await this.#recover(engine, log);
    this.model = { ...this.model, updates };
    const place = this.#place;
    const astray = place && (await this.#goTo(place, engine, log));
    if (astray) this.#place = undefined;
    this.restored = {
      model: this.model,
      updates,
      ...(place && !astray ? { place } : { problem: astray ?? (lost ? problem : undefined) }),
    };
  }

  /** The memory as of the last update that was recorded. @returns why none came back, if none did */
  async #recover(engine: EngineProcess, log: EngineLog): Promise<{ updates: number; problem?: string }> {
    const problems: string[] = [];
    for (const runPath of this.#runPaths) {
      try {
        const { updates, recomputed } = await engine.request(Recover, { runPath });
        log.info(`Recovered ${updates} updates, ${recomputed} of them recomputed`);
        this.#runPaths = [runPath];
        return { updates };
      } catch (error) {
        if (engine.cause !== undefined) throw error;
        log.warn(`Recover: ${failureText(error)}`);
        problems.push(failureText(error));
      }
    }
    this.#runPaths = [];
    const path = this.#statePath;
    if (path === undefined) return { updates: 0, problem: problems.join(' ') || 'It was not recorded.' };
    try {
      const { updates } = await engine.request(LoadFastState, { path });
      log.info(`Loaded a fast state of ${updates} updates again`);
      return { updates, problem: problems.join(' ') || undefined };
    } catch (error) {
      if (engine.cause !== undefined) throw error;
      this.#statePath = undefined;
      return { updates: 0, problem: [...problems, failureText(error)].join(' ') };
    }
  }

  /** @returns why the memory could not go there, in sentences */
  async #goTo(place: RunPlace, engine: EngineProcess, log: EngineLog): Promise<string | undefined> {
    try {
      await engine.request(SeekRun, place, { timeout: 0 });
      log.info(`Went to update ${place.updates} again`);
      return undefined;
    } catch (error) {
      if (engine.cause !== undefined) throw error;
      log.warn(`SeekRun: ${failureText(error)}`);
      return `It was at update ${place.updates} of a run, not at the last one. ${failureText(error)}`;
    }
  }
}
