import type { Update } from '../../engine/protocol/index.ts';

const BATCH = 256;
const MOST = 16 * BATCH;

/** Updates at hand; others are read from the run file in batches, whichever way they are walked through. */
export class UpdateCache {
  readonly #read: (first: number, count: number) => Promise<readonly Update[]>;
  readonly #known = new Map<number, Update>();

  constructor(read: (first: number, count: number) => Promise<readonly Update[]>) {
    this.#read = read;
  }

  put(updates: readonly Update[]): void {
    // The arrays of an update are views into the frame of all of them, which must not be kept for one of them.
    for (const update of updates) {
      this.#known.delete(update.index);
      this.#known.set(update.index, {
        ...update,
        surprise: update.surprise.slice(),
        metrics: update.metrics.slice(),
      });
    }
    for (const index of this.#known.keys()) {
      if (this.#known.size <= MOST) break;
      this.#known.delete(index);
    }
  }

  /** Updates `first` to `first + count − 1`. @param end updates that are recorded */
  async get(first: number, count: number, end: number): Promise<readonly Update[]> {
    const found: Update[] = [];
    for (let index = first; index < first + count; index++) {
      const update = this.#known.get(index) ?? (await this.#fetch(index, end));
      if (!update) break;
      found.push(update);
    }
    return found;
  }

  async #fetch(index: number, end: number): Promise<Update | undefined> {
    const first = index - (index % BATCH);
    this.put(await this.#read(first, Math.min(BATCH, end - first)));
    return this.#known.get(index);
  }
}
