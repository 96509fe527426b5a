/** Costs that are remembered. The cheapest counts: a disk that stalled once must not put off the next for long. */
const REMEMBERED = 3;

/** Tells what so many bytes or updates will take from what the last ones did, in seconds. */
export class UnitCost {
  private perUnit: readonly number[] = [];

  /**
   * @param first most seconds a unit that the first ones count as: they are cold, several times as slow as those that
   * follow, and nothing is known yet to set it right
   */
  constructor(private readonly first: number) {}

  add(seconds: number, units: number): void {
    const cost = seconds / Math.max(1, units);
    this.perUnit = [this.perUnit.length ? cost : Math.min(cost, this.first), ...this.perUnit].slice(
      0,
      REMEMBERED,
    );
  }

  /** 0 before the first. */
  of(units: number): number {
    return this.perUnit.length ? units * Math.min(...this.perUnit) : 0;
  }
}
