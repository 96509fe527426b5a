import { ownLevels } from '../../engine/protocol/index.ts';
import { EngineFailure } from '../engine/engineFailure.ts';
import type { BreakpointTable } from './breakpoints/breakpointTable.ts';
import type { Hit } from './breakpoints/hit.ts';
import { firedLevels, Moment } from './moment.ts';
import type { Stepper, Stopping } from './stepper.ts';

/** Where and why the cursor came to rest. */
export interface Rest {
  readonly reason: 'entry' | 'step' | 'pause' | 'end' | Hit['reason'];
  /** What happened, for the user. */
  readonly text?: string;
  readonly ids?: readonly number[];
}

/** How far a movement goes when no breakpoint stops it. */
export type Reach = 'step' | 'slow' | 'all';

/** Recorded updates that are looked at before other events are let in, a wish to pause among them. */
const BATCH = 256;

/** Moves the cursor of a training until something says stop. */
export class Playback {
  readonly #stepper: Stepper;
  readonly #breakpoints: BreakpointTable;

  constructor(stepper: Stepper, breakpoints: BreakpointTable) {
    this.#stepper = stepper;
    this.#breakpoints = breakpoints;
  }

  /**
   * Goes on: one update, to the next update of the slowest level, or as far as there is text. Updates made before are
   * looked at in the record and jumped over; new ones are made one by one, so that none is trained past a stop.
   */
  async forward(reach: Reach, stopping: Stopping): Promise<Rest> {
    const stepper = this.#stepper;
    for (;;) {
      if (stopping.isCancellationRequested) return { reason: 'pause' };
      if (stepper.ended) return { reason: 'end', text: 'The text is trained to its end' };
      const rest =
        stepper.cursor < stepper.recorded && reach !== 'step' && !this.#breakpoints.needsMemory
          ? await this.#skipForward(reach, stopping)
          : await this.#makeOne(reach);
      if (rest) return rest;
    }
  }

  /** Goes back: one update, or to the last one where a breakpoint holds, or to the start. */
  async back(reach: 'step' | 'all', stopping: Stopping): Promise<Rest> {
    const stepper = this.#stepper;
    if (stepper.cursor === 0) return { reason: 'entry', text: 'This is the start of the training' };
    if (reach === 'step') {
      await stepper.moveTo(stepper.cursor - 1);
      return { reason: 'step' };
    }
    let updates = stepper.cursor - 1;
    for (; updates > 0; updates--) {
      if (stopping.isCancellationRequested) {
        await stepper.moveTo(updates);
        return { reason: 'pause' };
      }
      if (updates % BATCH === 0) await otherEvents();
      if (this.#breakpoints.needsMemory) await stepper.moveTo(updates);
      const rest = rested(await this.#hits(updates, true));
      if (!rest) continue;
      await stepper.moveTo(updates);
      return rest;
    }
    await stepper.moveTo(0);
    return rested(this.#ahead(0, true)) ?? { reason: 'entry', text: 'This is the start of the training' };
  }

  /** Breakpoints on the tokens that come first, before anything is trained. */
  atEntry(): Rest | undefined {
    return rested(this.#ahead(this.#stepper.cursor, false));
  }

  async #makeOne(reach: Reach): Promise<Rest | undefined> {
    const stepper = this.#stepper;
    await this.#breakpoints.beforeUpdate();
    try {
      await stepper.moveTo(stepper.cursor + 1);
    } catch (error) {
      const diverged = error instanceof EngineFailure && error.code === 'diverged';
      if (!diverged || !this.#breakpoints.stopsOnDivergence) throw error;
      return { reason: 'exception', text: error.text };
    }
    return rested(await this.#hits(stepper.cursor, false)) ?? (await this.#reached(reach, stepper.cursor));
  }

  /** Looks through recorded updates and moves once: to where one of them stops, or behind them all. */
  async #skipForward(reach: Reach, stopping: Stopping): Promise<Rest | undefined> {
    const stepper = this.#stepper;
    const last = Math.min(stepper.recorded, stepper.cursor + BATCH);
    for (let updates = stepper.cursor + 1; updates <= last; updates++) {
      const stopped: Rest | undefined = stopping.isCancellationRequested ? { reason: 'pause' } : undefined;
      const rest =
        stopped ?? rested(await this.#hits(updates, false)) ?? (await this.#reached(reach, updates));
      if (!rest) continue;
      await stepper.moveTo(updates);
      return rest;
    }
    await stepper.moveTo(last);
    await otherEvents();
    return undefined;
  }

  async #hits(updates: number, backwards: boolean): Promise<Hit[]> {
    const tick = this.#stepper.places.tickOf(updates - 1);
    if (!tick) return [];
    const moment = await this.#moment(updates);
    const made = await this.#breakpoints.hits(moment, tick, backwards);
    return [...made, ...this.#ahead(updates, backwards)];
  }

  #ahead(updates: number, backwards: boolean): Hit[] {
    return this.#breakpoints.ahead(this.#stepper.places.tickOf(updates), backwards);
  }

  async #reached(reach: Reach, updates: number): Promise<Rest | undefined> {
    if (reach === 'step') return { reason: 'step' };
    if (reach === 'all') return undefined;
    const slowest = slowestLevel(this.#stepper);
    const { update } = await this.#moment(updates);
    if (!slowest || !update || !firedLevels(this.#stepper.run, update).includes(slowest)) return undefined;
    return { reason: 'step', text: `${slowest} was updated` };
  }

  async #moment(updates: number): Promise<Moment> {
    const [update] = await this.#stepper.updates(updates - 1, 1);
    return new Moment(this.#stepper, updates, update);
  }
}

/** The slowest level that this training changes. */
export function slowestLevel({ run }: Stepper): string | undefined {
  const { learningRates } = run.options;
  return ownLevels(run.levels).findLast(({ id }) => learningRates[id] !== 0)?.id;
}

function otherEvents(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve));
}

function rested(hits: readonly Hit[]): Rest | undefined {
  if (hits.length === 0) return undefined;
  const ids = hits.flatMap(({ id }) => (id === undefined ? [] : [id]));
  return { reason: hits[0].reason, text: hits.map(({ text }) => text).join('; '), ids };
}
