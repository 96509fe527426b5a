import type { TrainProgress } from '../protocol/training.ts';

/** Position and tokens a second of a training, at most ten times a second. */
export class Pace {
  private last = performance.now();
  private rate = 0;

  constructor(private lastPosition = 0) {}

  due(): boolean {
    return performance.now() - this.last > 100;
  }

  /** @param total positions of all passes */
  report(position: number, total: number): TrainProgress {
    const now = performance.now();
    const current = (1000 * (position - this.lastPosition)) / (now - this.last);
    this.rate = this.rate ? 0.7 * this.rate + 0.3 * current : current;
    this.last = now;
    this.lastPosition = position;
    return { position, total, tokensPerSecond: this.rate };
  }
}
