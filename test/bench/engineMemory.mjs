import { row } from './statistics.mjs';

/** Resident memory of an engine by its own heartbeat, once a second while it trains. */
export class EngineMemory {
  #marks = [];
  #timer;

  /** @param updates answers how many updates were made */
  constructor(engine, updates) {
    engine.heartbeats.length = 0;
    this.#timer = setInterval(() => {
      const last = engine.heartbeats.at(-1);
      if (!last) return;
      const { residentBytes, tensors } = last;
      this.#marks.push({ updates: updates(), megabytes: residentBytes / 1e6, tensors });
    }, 1000);
  }

  stop() {
    clearInterval(this.#timer);
  }

  /** What it is at the end and by how much it grew over the last half. @param what was done, "10 000 ticks" say */
  rows(what) {
    const total = this.#marks.at(-1).updates;
    const half = this.#marks.filter(({ updates }) => updates > total / 2);
    const [first, last] = [half[0], half.at(-1)];
    const growth = last.megabytes - first.megabytes;
    return [
      row(`resident memory of the engine after ${what}`, last.megabytes, 'MB'),
      row(
        '  its growth over the last half',
        (1000 * growth) / (last.updates - first.updates),
        'MB per 1 000 ticks',
        2,
        'flat',
        Math.abs(growth) < 10,
      ),
      row(
        '  live tensors, last against middle',
        last.tensors - first.tensors,
        '',
        0,
        '0',
        last.tensors === first.tensors,
      ),
    ];
  }
}
