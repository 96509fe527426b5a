/** Does some work when asked, but never twice within an interval: what is asked for too soon is done at its end. */
export class Throttle {
  readonly #work: () => void;
  readonly #interval: number;
  #timer?: NodeJS.Timeout;
  #again = false;

  /** @param interval milliseconds */
  constructor(work: () => void, interval: number) {
    this.#work = work;
    this.#interval = interval;
  }

  request(): void {
    if (this.#timer) {
      this.#again = true;
      return;
    }
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (!this.#again) return;
      this.#again = false;
      this.request();
    }, this.#interval);
    this.#work();
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#again = false;
  }
}
