import type { BreakpointTable } from './breakpoints/breakpointTable.ts';
import { firedLevels } from './moment.ts';
import { Playback, type Rest } from './playback.ts';
import type { Stepper } from './stepper.ts';

/** The movements of a debugger, as its protocol names them. */
export type Walk = 'continue' | 'next' | 'stepIn' | 'stepOut' | 'stepBack' | 'reverseContinue';

/**
 * Moves the cursor as a debugger's buttons do, into updates as well. The levels of an update are computed from one
 * state and written at once; stepping into it goes through them in order, fast to slow, with the update made.
 */
export class Walker {
  readonly #stepper: Stepper;
  readonly #playback: Playback;
  #inside?: { readonly levels: readonly string[]; readonly at: number };
  #movement?: { isCancellationRequested: boolean; readonly done: Promise<unknown> };

  constructor(stepper: Stepper, breakpoints: BreakpointTable) {
    this.#stepper = stepper;
    this.#playback = new Playback(stepper, breakpoints);
  }

  /** The level that was stepped into. */
  get inner(): string | undefined {
    return this.#inside?.levels[this.#inside.at];
  }

  get moving(): boolean {
    return this.#movement !== undefined;
  }

  /** Breakpoints on the first tokens, before anything is trained. */
  atEntry(): Rest | undefined {
    return this.#playback.atEntry();
  }

  /** Stops a movement after the update in flight. */
  pause(): void {
    if (this.#movement) this.#movement.isCancellationRequested = true;
  }

  /** Stops a movement and waits until it has stopped, however it ends. */
  async halt(): Promise<void> {
    this.pause();
    await this.#movement?.done.catch(() => undefined);
  }

  /** Forgets that an update was stepped into. */
  leave(): void {
    this.#inside = undefined;
  }

  async walk(walk: Walk): Promise<Rest> {
    const inside = this.#insideStep(walk);
    if (inside) return inside;
    this.leave();
    const stopping = { isCancellationRequested: false };
    const done = this.#move(walk, stopping);
    this.#movement = Object.assign(stopping, { done });
    try {
      return await done;
    } finally {
      this.#movement = undefined;
    }
  }

  /** A step from one level of an update to the next, which moves no cursor. */
  #insideStep(walk: Walk): Rest | undefined {
    const inside = this.#inside;
    if (!inside || walk === 'continue' || walk === 'reverseContinue') return undefined;
    const at =
      walk === 'stepBack' ? inside.at - 1 : walk === 'stepOut' ? inside.levels.length : inside.at + 1;
    if (at < 0) return undefined;
    this.#inside = at < inside.levels.length ? { ...inside, at } : undefined;
    return { reason: 'step' };
  }

  #move(walk: Walk, stopping: { isCancellationRequested: boolean }): Promise<Rest> {
    switch (walk) {
      case 'continue':
        return this.#playback.forward('all', stopping);
      case 'next':
        return this.#playback.forward('step', stopping);
      case 'stepIn':
        return this.#stepIn(stopping);
      case 'stepOut':
        return this.#playback.forward('slow', stopping);
      case 'stepBack':
        return this.#playback.back('step', stopping);
      case 'reverseContinue':
        return this.#playback.back('all', stopping);
      default:
        return walk satisfies never;
    }
  }

  async #stepIn(stopping: { isCancellationRequested: boolean }): Promise<Rest> {
    const rest = await this.#playback.forward('step', stopping);
    if (rest.reason !== 'step') return rest;
    const [update] = await this.#stepper.updates(this.#stepper.cursor - 1, 1);
    const levels = update ? firedLevels(this.#stepper.run, update) : [];
    if (levels.length > 0) this.#inside = { levels, at: 0 };
    return rest;
  }
}
