/**
 * A stretch of a run condensed to the columns of a chart: the largest ρ and surprise of each column, so that no
 * spike disappears. Everything is little-endian float32 in one buffer, end to end in the order of the fields below;
 * NaN where a column holds nothing.
 */
export interface RunOverview {
  readonly runId: string;
  /** Stream positions of the first column's start and the last column's end. */
  readonly from: number;
  readonly to: number;
  readonly columns: number;
  readonly blocks: number;
  readonly levels: number;
  /** In the order of OVERVIEW_TRACKS, each `[columns]`, then OVERVIEW_LEVEL_TRACKS, each `[blocks, levels, columns]`. */
  readonly data: ArrayBuffer;
}

/** Tracks of the whole model, nats a token. */
export const OVERVIEW_TRACKS = ['surpriseMax', 'surpriseMean', 'loss'] as const;

/** Tracks of each block and level: the largest ρ, the largest drift, mean gates, and updates that fired. */
export const OVERVIEW_LEVEL_TRACKS = ['rho', 'drift', 'eta', 'alpha', 'fired'] as const;

export type OverviewTrack = (typeof OVERVIEW_TRACKS)[number];
export type OverviewLevelTrack = (typeof OVERVIEW_LEVEL_TRACKS)[number];

/** A track as a view into the overview's buffer, `[columns]`. */
export function overviewTrack(overview: RunOverview, track: OverviewTrack): Float32Array {
  const { columns } = overview;
  return new Float32Array(overview.data, OVERVIEW_TRACKS.indexOf(track) * columns * 4, columns);
}

/** A level's track as a view into the overview's buffer, `[columns]`. */
export function overviewLevelTrack(
  { columns, blocks, levels, data }: RunOverview,
  track: OverviewLevelTrack,
  block: number,
  level: number,
): Float32Array {
  const group = (OVERVIEW_LEVEL_TRACKS.indexOf(track) * blocks + block) * levels + level;
  return new Float32Array(data, (OVERVIEW_TRACKS.length + group) * columns * 4, columns);
}
