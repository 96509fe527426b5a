import {
  METRIC_INDEX,
  METRICS,
  OVERVIEW_LEVEL_TRACKS,
  OVERVIEW_TRACKS,
  type RunOverview,
  type Update,
} from '../protocol/index.ts';

/** Condenses updates to the columns of a chart as they come, in any order. */
export class OverviewColumns {
  private readonly data: Float32Array;
  /** Per column: positions of a known surprise, and their sum; updates and the sum of their losses. */
  private readonly sums: Float64Array;
  /** Sums of η and α and their counts, `[blocks, levels, columns, 4]`. */
  private readonly gates: Float64Array;

  constructor(
    private readonly from: number,
    private readonly to: number,
    private readonly columns: number,
    private readonly blocks: number,
    private readonly levels: number,
  ) {
    const groups = blocks * levels;
    this.data = new Float32Array(
      (OVERVIEW_TRACKS.length + OVERVIEW_LEVEL_TRACKS.length * groups) * columns,
    ).fill(Number.NaN);
    this.sums = new Float64Array(columns * 4);
    this.gates = new Float64Array(groups * columns * 4);
  }

  /** Adds one update: its surprises to the columns of their positions, all else to the column where it begins. */
  add({ position, loss, surprise, metrics }: Update): void {
    for (let i = 0; i < surprise.length; i++) {
      const column = this.columnOf(position + i);
      if (column < 0 || Number.isNaN(surprise[i])) continue;
      this.raise(0, column, surprise[i]);
      this.sums[column * 4]++;
      this.sums[column * 4 + 1] += surprise[i];
    }
    // The first column also shows the update that began before it.
    const column = this.columnOf(Math.max(position, Math.min(this.from, position + surprise.length - 1)));
    if (column < 0) return;
    if (!Number.isNaN(loss)) {
      this.sums[column * 4 + 2]++;
      this.sums[column * 4 + 3] += loss;
    }
    const groups = this.blocks * this.levels;
    for (let group = 0; group < groups; group++) this.addLevel(group, column, metrics);
  }

  finish(runId: string): RunOverview {
    const { from, to, columns, blocks, levels, data, sums, gates } = this;
    const groups = blocks * levels;
    for (let column = 0; column < columns; column++) {
      const at = column * 4;
      data[columns + column] = sums[at] ? sums[at + 1] / sums[at] : Number.NaN;
      data[2 * columns + column] = sums[at + 2] ? sums[at + 3] / sums[at + 2] : Number.NaN;
      for (let group = 0; group < groups; group++) {
        const gate = (group * columns + column) * 4;
        if (gates[gate]) data[this.at('eta', group, column)] = gates[gate + 1] / gates[gate];
        if (gates[gate + 2]) data[this.at('alpha', group, column)] = gates[gate + 3] / gates[gate + 2];
      }
    }
    return { runId, from, to, columns, blocks, levels, data: data.buffer as ArrayBuffer };
  }

  private addLevel(group: number, column: number, metrics: Float32Array): void {
    const first = group * METRICS.length;
    const value = (metric: keyof typeof METRIC_INDEX) => metrics[first + METRIC_INDEX[metric]];
    const fired = this.at('fired', group, column);
    if (Number.isNaN(this.data[fired])) this.data[fired] = 0;
    if (value('fired') === 1) {
      this.data[fired]++;
      this.raise(this.track('rho', group), column, value('deltaNorm') / value('weightNorm'));
    }
    this.raise(this.track('drift', group), column, value('drift'));
    const gate = (group * this.columns + column) * 4;
    for (const [at, metric] of [
      [gate, 'eta'],
      [gate + 2, 'alpha'],
    ] as const) {
      if (Number.isNaN(value(metric))) continue;
      this.gates[at]++;
      this.gates[at + 1] += value(metric);
    }
  }

  /** Keeps the largest; NaN counts for nothing. */
  private raise(track: number, column: number, value: number): void {
    const at = track * this.columns + column;
    if (!(this.data[at] >= value) && !Number.isNaN(value)) this.data[at] = value;
  }

  private track(name: (typeof OVERVIEW_LEVEL_TRACKS)[number], group: number): number {
    return OVERVIEW_TRACKS.length + OVERVIEW_LEVEL_TRACKS.indexOf(name) * this.blocks * this.levels + group;
  }

  private at(name: (typeof OVERVIEW_LEVEL_TRACKS)[number], group: number, column: number): number {
    return this.track(name, group) * this.columns + column;
  }

  private columnOf(position: number): number {
    if (position < this.from || position >= this.to) return -1;
    return Math.min(
      this.columns - 1,
      Math.floor(((position - this.from) * this.columns) / (this.to - this.from)),
    );
  }
}
