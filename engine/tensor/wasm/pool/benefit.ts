/** Milliseconds of shared kernels from which on their benefit is judged. */
const JUDGED = 20;
/** Milliseconds for which nothing is shared after a loss, at first and at most. */
const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 10_000;

/**
 * Watches whether sharing kernels saves time. Where other programs need the cores a thread waits for its turn in the
 * middle of a unit, and everybody for the thread: then nothing is shared for a while. Times are in milliseconds.
 */
export class Benefit {
  #spent = 0;
  #saved = 0;
  #pause = FIRST_PAUSE;
  #until = 0;

  /** Whether to share a kernel now. */
  isExpected(now: number): boolean {
    return now >= this.#until;
  }

  /** @param alone what the kernel would have taken on one core @param shared what it took */
  record(now: number, alone: number, shared: number): void {
    this.#spent += shared;
    this.#saved += alone - shared;
    if (this.#spent < JUDGED) return;
    if (this.#saved > 0) this.#pause = FIRST_PAUSE;
    else {
      this.#until = now + this.#pause;
      this.#pause = Math.min(LONGEST_PAUSE, 2 * this.#pause);
    }
    this.#spent = 0;
    this.#saved = 0;
  }
}
