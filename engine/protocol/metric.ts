/**
 * Numbers recorded for every block and level at every update, in the order they travel in a frame.
 * A metric that does not apply (η and α of a CMS level, say) is NaN. Of a memory of an optimizer W is the memory m.
 */
export const METRICS = [
  /** 1 where the level was updated at this tick, else 0. */
  'fired',
  /** ‖g‖_F of the summed error that the update applied; NaN where it did not fire. */
  'gradientNorm',
  /** ‖ΔW‖_F of this update; 0 where it did not fire. */
  'deltaNorm',
  /** ‖W‖_F after the update. */
  'weightNorm',
  /** ‖W − W₀‖_F / ‖W₀‖_F against the base checkpoint, after the update. */
  'drift',
  /**
   * Local surprise signal, mean over the tick's tokens of ‖∇_y L‖ (Eq. 8, 29). Of a memory of an optimizer ‖∇‖_F of its
   * inner objective before it was written; NaN where it was not, or answers nothing.
   */
  'lss',
  /** Mean inner learning rate η over the tick's tokens. */
  'eta',
  /** Mean retention gate α over the tick's tokens (1 keeps, 0 erases). */
  'alpha',
  /** Tokens read since the level's last update, after this tick. */
  'pending',
] as const;

export type Metric = (typeof METRICS)[number];

/** Index of a metric inside one (block, level) group of a frame. */
export const METRIC_INDEX = Object.fromEntries(METRICS.map((name, index) => [name, index])) as Readonly<
  Record<Metric, number>
>;
