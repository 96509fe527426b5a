import type { Update } from '../../engine/protocol/index.ts';

/** The newest updates of a run, consecutive, bounded in count and in bytes; older ones are forgotten. */
export class UpdateRing {
  readonly #maxCount: number;
  readonly #maxBytes: number;
  #kept: Update[] = [];
  #head = 0;
  #bytes = 0;

  constructor(maxCount: number, maxBytes: number) {
    this.#maxCount = maxCount;
    this.#maxBytes = maxBytes;
  }

  get length(): number {
    return this.#kept.length - this.#head;
  }

  /** Oldest kept update at 0. */
  at(index: number): Update | undefined {
    return index < 0 ? undefined : this.#kept[this.#head + index];
  }

  get last(): Update | undefined {
    return this.#head < this.#kept.length ? this.#kept[this.#kept.length - 1] : undefined;
  }

  push(update: Update): void {
    // A hole would make the rest undrawable as one frame: what came before it is let go.
    if (this.last && update.index !== this.last.index + 1) this.clear();
    this.#kept.push(update);
    this.#bytes += bytesOf(update);
    while (this.length > this.#maxCount || (this.#bytes > this.#maxBytes && this.length > 1)) {
      this.#bytes -= bytesOf(this.#kept[this.#head]);
      this.#head += 1;
    }
    if (this.#head > 1024 && this.#head * 2 > this.#kept.length) {
      this.#kept = this.#kept.slice(this.#head);
      this.#head = 0;
    }
  }

  clear(): void {
    this.#kept = [];
    this.#head = 0;
    this.#bytes = 0;
  }

  slice(from: number): Update[] {
    return this.#kept.slice(this.#head + Math.max(0, from));
  }

  /** The kept update that read a stream position, found by bisection. */
  reading(position: number): Update | undefined {
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.at(middle)!.position <= position) low = middle + 1;
      else high = middle;
    }
    // Updates that read no token share their position with the one after them.
    for (let i = low - 1; i >= 0; i--) {
      const update = this.at(i)!;
      if (position < update.position + update.surprise.length) return update;
      if (update.surprise.length > 0) return undefined;
    }
    return undefined;
  }
}

function bytesOf(update: Update): number {
  return (update.metrics.length + update.surprise.length) * 4 + 100;
}
