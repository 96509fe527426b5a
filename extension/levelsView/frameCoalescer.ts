/** What a coalescer hands its frames to. */
export interface FrameSink<T> {
  /** Resolves when the view has drawn them; a rejection counts as drawn. */
  send(items: readonly T[]): Promise<void>;
  /** More waited than the view is to be caught up with piece by piece: it needs the backlog. */
  overflow(): void;
}

/**
 * Merges what arrives while a view is busy: one frame in flight, no more than one an interval, nothing lost.
 * A view that draws slowly gets fewer and larger frames.
 */
export class FrameCoalescer<T> {
  readonly #sink: FrameSink<T>;
  readonly #intervalMs: number;
  readonly #limit: number;
  #waiting: T[] = [];
  #timer?: NodeJS.Timeout;
  #lastSent = Number.NEGATIVE_INFINITY;
  #inFlight = false;
  /** Grows at every reset, so that a late answer of an earlier page is not taken for one of the new. */
  #generation = 0;

  /** @param limit items that may wait */
  constructor(sink: FrameSink<T>, intervalMs: number, limit: number) {
    this.#sink = sink;
    this.#intervalMs = intervalMs;
    this.#limit = limit;
  }

  push(items: readonly T[]): void {
    for (const item of items) this.#waiting.push(item);
    if (this.#waiting.length > this.#limit) {
      this.reset();
      this.#sink.overflow();
    } else this.#pump();
  }

  /** Forgets what waits and what is in flight. */
  reset(): void {
    this.#generation += 1;
    this.#waiting = [];
    this.#inFlight = false;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #pump(): void {
    if (this.#inFlight || this.#timer !== undefined || this.#waiting.length === 0) return;
    const wait = this.#lastSent + this.#intervalMs - performance.now();
    if (wait > 0) {
      this.#timer = setTimeout(() => {
        this.#timer = undefined;
        this.#pump();
      }, wait);
      return;
    }
    const items = this.#waiting;
    const generation = this.#generation;
    this.#waiting = [];
    this.#inFlight = true;
    this.#lastSent = performance.now();
    const done = () => {
      if (generation !== this.#generation) return;
      this.#inFlight = false;
      this.#pump();
    };
    this.#sink.send(items).then(done, done);
  }
}
