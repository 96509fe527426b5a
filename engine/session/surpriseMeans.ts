import type { Update } from '../protocol/update.ts';

/** Mean surprise of the first and of the latest pass over a text. */
export class SurpriseMeans {
  private pass = 0;
  private first = { sum: 0, count: 0 };
  private latest = { sum: 0, count: 0 };

  /** @param tokens length of the text where it is known; until then every position is of the first pass. */
  add({ position, surprise }: Update, tokens: number | undefined): void {
    surprise.forEach((value, i) => {
      const pass = tokens ? Math.floor((position + i) / tokens) : 0;
      if (pass !== this.pass) {
        this.pass = pass;
        this.latest = { sum: 0, count: 0 };
      }
      for (const mean of pass === 0 ? [this.first, this.latest] : [this.latest]) {
        mean.sum += value;
        mean.count++;
      }
    });
  }

  /** Nats per token; NaN before the first update. */
  get means(): { surpriseFirst: number; surpriseLast: number } {
    const mean = ({ sum, count }: { sum: number; count: number }) => (count ? sum / count : Number.NaN);
    return { surpriseFirst: mean(this.first), surpriseLast: mean(this.latest) };
  }
}
