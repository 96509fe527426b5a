const DELAYS_MS = [100, 1_000, 3_000];
const WINDOW_MS = 60_000;

/** How long to wait before each restart: at most three in a minute, each later than the one before. */
export class RestartPolicy {
  #restarts: number[] = [];

  /** Milliseconds to wait, or undefined when there were too many restarts. @param now milliseconds */
  next(now: number): number | undefined {
    this.#restarts = this.#restarts.filter(time => now - time < WINDOW_MS);
    const delay = DELAYS_MS[this.#restarts.length];
    if (delay !== undefined) this.#restarts.push(now);
    return delay;
  }
}
