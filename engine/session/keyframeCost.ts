/** Keyframes whose cost is remembered. The cheapest counts: a disk that stalled once must not put off the next for long. */
const REMEMBERED = 3;

/** Tells what a keyframe of some length will cost from what the last ones did, in seconds. */
export class KeyframeCost {
  private perByte: readonly number[] = [];

  /**
   * @param first most seconds a byte that the first counts as: it is cold, several times as slow as those that follow,
   * and nothing is known yet to set it right
   */
  constructor(private readonly first: number) {}

  add(seconds: number, bytes: number): void {
    const cost = seconds / Math.max(1, bytes);
    this.perByte = [this.perByte.length ? cost : Math.min(cost, this.first), ...this.perByte].slice(
      0,
      REMEMBERED,
    );
  }

  /** 0 before the first. */
  of(bytes: number): number {
    return this.perByte.length ? bytes * Math.min(...this.perByte) : 0;
  }
}
