/** What is known when a tick has ended. Times in seconds. */
export interface KeyframeTiming {
  /** Training time since the last keyframe was complete. */
  readonly secondsSinceLast: number;
  /** What the last keyframe cost: reading the fast state back, encoding and writing it. */
  readonly lastWriteSeconds: number;
  readonly updatesSinceLast: number;
}

/** Share of training time that keyframes may take. */
const MOST_SHARE = 0.02;

/** Seconds of training that recovery may have to recompute, as long as the share allows it. */
const RECOMPUTE_SECONDS = 2;

/**
 * Whether to write a keyframe now. One is due after two seconds of training, later where a keyframe is so
 * expensive (more than 40 ms) that two seconds between them would take more than 2 % of the time.
 */
export function shouldWrite({
  secondsSinceLast,
  lastWriteSeconds,
  updatesSinceLast,
}: KeyframeTiming): boolean {
  return (
    updatesSinceLast > 0 && secondsSinceLast >= Math.max(RECOMPUTE_SECONDS, lastWriteSeconds / MOST_SHARE)
  );
}
