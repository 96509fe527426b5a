/** Lets a long computation report how far it is, leave the process time to answer others, and be cancelled. */
export interface Watcher {
  cancelled(): boolean;
  progress(done: number, total: number): void;
}

/** The computation was cancelled; nothing came of it. */
export class CancelledError extends Error {
  override readonly name = 'CancelledError';

  constructor() {
    super('Cancelled.');
  }
}

/** Counts steps of a known total. */
export class Pace {
  private done = 0;
  private told = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly watcher: Watcher,
    private readonly total: number,
  ) {}

  /** After `steps` more: gives other work its turn. @throws CancelledError */
  async step(steps = 1): Promise<void> {
    this.done += steps;
    const now = performance.now();
    if (now - this.told > 100) {
      this.told = now;
      this.watcher.progress(Math.min(this.done, this.total), this.total);
    }
    await new Promise(resolve => setImmediate(resolve));
    if (this.watcher.cancelled()) throw new CancelledError();
  }

  /** Also where steps turned out not to be needed. */
  finish(): void {
    this.watcher.progress(this.total, this.total);
  }
}
