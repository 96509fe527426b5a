import {
  METRIC_INDEX,
  METRICS,
  OVERVIEW_LEVEL_TRACKS,
  OVERVIEW_TRACKS,
  type RunOverview,
  type Update,
} from '../protocol/index.ts';

const { fired, deltaNorm, weightNorm, drift, eta, alpha } = METRIC_INDEX;
const WIDTH = METRICS.length;
const LEVEL_TRACKS = OVERVIEW_LEVEL_TRACKS.length;
const [RHO, DRIFT, ETA, ALPHA, FIRED] = OVERVIEW_LEVEL_TRACKS.map((_, i) => i);

/** Condenses updates to the columns of a chart, in any order: maxima of what may spike, means of the rest. */
export class OverviewColumns {
  readonly #from: number;
  readonly #to: number;
  readonly #columns: number;
  readonly #blocks: number;
  readonly #levels: number;
  /** As `RunOverview.data`; means hold sums until the end. */
  readonly #data: Float32Array;
  /** Weight of each sum in the data, where it holds one. */
  readonly #weights: Float32Array;

  constructor(from: number, to: number, columns: number, blocks: number, levels: number) {
    this.#from = from;
    this.#to = to;
    this.#columns = columns;
    this.#blocks = blocks;
    this.#levels = levels;
    const values = tracksOf(blocks * levels) * columns;
    this.#data = new Float32Array(values).fill(Number.NaN);
    this.#weights = new Float32Array(values);
  }

  /** Adds one update: its surprises to the columns of their positions, all else to the column where it begins. */
  add({ position, loss, surprise, metrics }: Update): void {
    const columns = this.#columns;
    const groups = this.#blocks * this.#levels;
    for (let i = 0; i < surprise.length; i++) {
      const column = this.#columnOf(position + i);
      if (column < 0) continue;
      this.#raise(column, surprise[i]);
      this.#sum(columns + column, surprise[i], 1);
    }
    // The first column also shows the update that began before it.
    const column = this.#columnOf(Math.max(position, Math.min(this.#from, position + surprise.length - 1)));
    if (column < 0) return;
    this.#sum(2 * columns + column, loss, 1);
    for (let group = 0; group < groups; group++) {
      const at = group * WIDTH;
      const has = metrics[at + fired] === 1;
      this.#count(this.#at(FIRED, group) + column, has ? 1 : 0);
      if (has) this.#raise(this.#at(RHO, group) + column, metrics[at + deltaNorm] / metrics[at + weightNorm]);
      this.#raise(this.#at(DRIFT, group) + column, metrics[at + drift]);
      this.#sum(this.#at(ETA, group) + column, metrics[at + eta], 1);
      this.#sum(this.#at(ALPHA, group) + column, metrics[at + alpha], 1);
    }
  }

  /**
   * Adds several updates that were condensed to one column before, to the column of their middle.
   * @param tracks as `RunOverview.data` of one column @param weight how many updates they are
   * @param tokens read by each of them
   */
  addCondensed(middle: number, tracks: Float32Array, weight: number, tokens: number): void {
    const column = this.#columnOf(middle);
    if (column < 0) return;
    const columns = this.#columns;
    const groups = this.#blocks * this.#levels;
    this.#raise(column, tracks[0]);
    this.#sum(columns + column, tracks[1], weight * tokens);
    this.#sum(2 * columns + column, tracks[2], weight);
    for (let group = 0; group < groups; group++) {
      const value = (track: number) => tracks[OVERVIEW_TRACKS.length + track * groups + group];
      this.#raise(this.#at(RHO, group) + column, value(RHO));
      this.#raise(this.#at(DRIFT, group) + column, value(DRIFT));
      this.#sum(this.#at(ETA, group) + column, value(ETA), weight);
      this.#sum(this.#at(ALPHA, group) + column, value(ALPHA), weight);
      this.#count(this.#at(FIRED, group) + column, value(FIRED));
    }
  }

  finish(runId: string): RunOverview {
    const data = this.#data;
    const weights = this.#weights;
    for (let i = 0; i < data.length; i++) if (weights[i] > 0) data[i] /= weights[i];
    return {
      runId,
      from: this.#from,
      to: this.#to,
      columns: this.#columns,
      blocks: this.#blocks,
      levels: this.#levels,
      data: data.buffer as ArrayBuffer,
    };
  }

  /** Keeps the largest; NaN counts for nothing. */
  #raise(at: number, value: number): void {
    if (value > this.#data[at] || Number.isNaN(this.#data[at])) this.#data[at] = value;
  }

  #sum(at: number, value: number, weight: number): void {
    if (Number.isNaN(value)) return;
    this.#data[at] = weight * value + (this.#weights[at] > 0 ? this.#data[at] : 0);
    this.#weights[at] += weight;
  }

  #count(at: number, value: number): void {
    this.#data[at] = value + (Number.isNaN(this.#data[at]) ? 0 : this.#data[at]);
  }

  /** Where a level's track begins in `data`. */
  #at(track: number, group: number): number {
    return (OVERVIEW_TRACKS.length + track * this.#blocks * this.#levels + group) * this.#columns;
  }

  #columnOf(position: number): number {
    const from = this.#from;
    const to = this.#to;
    const columns = this.#columns;
    if (position < from || position >= to) return -1;
    return Math.min(columns - 1, Math.floor(((position - from) * columns) / (to - from)));
  }
}

/** Tracks of an overview: those of the model and those of each block and level. */
export function tracksOf(groups: number): number {
  return OVERVIEW_TRACKS.length + LEVEL_TRACKS * groups;
}

/** Updates that a run file keeps condensed to one row, so that a long run is drawn without reading all of it. */
export const STRETCH = 8;

/** Updates condensed to one column, `[tracks]`. */
export function condense(updates: readonly Update[], blocks: number, levels: number): Float32Array {
  const column = new OverviewColumns(0, Number.POSITIVE_INFINITY, 1, blocks, levels);
  for (const update of updates) column.add(update);
  return new Float32Array(column.finish('').data);
}
