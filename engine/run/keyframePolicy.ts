/** What is known when a tick has ended. Times in seconds. */
export interface KeyframeTiming {
  /** Training time since the last keyframe was complete. */
  readonly secondsSinceLast: number;
  /** What a keyframe now would cost: reading the fast state back, encoding and writing it. */
  readonly writeSeconds: number;
  readonly updatesSinceLast: number;
}

/** Share of training time that keyframes may take: with the updates, some 2 %, recording stays under 5 %. */
export const KEYFRAME_SHARE = 0.025;

/** Seconds of training that going back one step may have to recompute, as long as the share allows it. */
const RECOMPUTE_SECONDS = 0.05;

/**
 * Whether to write a keyframe now. One is due after 50 ms of training, later where a keyframe is so expensive (more
 * than 1.25 ms) that one in 50 ms would take more than 2.5 % of the time. Where it lies changes no number of the run.
 */
export function shouldWrite({ secondsSinceLast, writeSeconds, updatesSinceLast }: KeyframeTiming): boolean {
  return (
    updatesSinceLast > 0 && secondsSinceLast >= Math.max(RECOMPUTE_SECONDS, writeSeconds / KEYFRAME_SHARE)
  );
}
