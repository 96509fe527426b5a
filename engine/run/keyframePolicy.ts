import { availableParallelism } from 'node:os';

/** What is known when a tick has ended. Times in seconds. */
export interface KeyframeTiming {
  /** Training time since the last keyframe was complete. */
  readonly secondsSinceLast: number;
  readonly updatesSinceLast: number;
  /** What it takes to compute the updates since the last one again. */
  readonly recomputeSeconds: number;
  /** What training would wait for: reading the fast state back and encoding it. */
  readonly readSeconds: number;
  /** What it would take the thread that writes beside the training. */
  readonly writeSeconds: number;
  /** How long the state will be after so many more updates, as a multiple of what it is now; 1 where absent. */
  lengthAfter?(updates: number): number;
}

/** Share of training time that reading states may take: with the updates, some 2 %, recording stays under 5 %. */
export const READ_SHARE = 0.025;

/**
 * Share of the time that a worker is busy with writing them, and waiting for the disk, where there is a core beside the one
 * that trains. A core that is busy makes the other one slower, by an eighth on the machine of docs/results/bench.md.
 */
export const WRITE_SHARE = availableParallelism() > 1 ? 0.1 : 0.025;

/** The share that it may take where otherwise more than `RESTORE_SECONDS` would pass. */
export const MOST_WRITE_SHARE = 4 * WRITE_SHARE;

/** Seconds of training that going to any update should have to recompute at most: it is to take less than 0.25 s. */
export const RESTORE_SECONDS = 0.175;

/** Seconds of training that going back one step may have to recompute, as long as the shares allow it. */
const RECOMPUTE_SECONDS = 0.05;

/**
 * Whether to write a keyframe now. One is due after 50 ms of training, later where a keyframe is so expensive that one
 * in 50 ms would take more than its shares; it is written before it is due where no moment until then costs less for
 * the time since the last, as where no chunk of a slow level is open. Where it lies changes no number of the run.
 */
export function shouldWrite(timing: KeyframeTiming): boolean {
  const { secondsSinceLast, updatesSinceLast, recomputeSeconds, readSeconds, writeSeconds } = timing;
  if (updatesSinceLast === 0) return false;
  if (secondsSinceLast < Math.max(readSeconds / READ_SHARE, writeSeconds / MOST_WRITE_SHARE)) return false;
  const due = Math.max(RECOMPUTE_SECONDS, Math.min(writeSeconds / WRITE_SHARE, RESTORE_SECONDS));
  if (recomputeSeconds >= due) return true;
  return recomputeSeconds >= RECOMPUTE_SECONDS && !isCheaperLater(timing, due);
}

function isCheaperLater(
  { updatesSinceLast, recomputeSeconds, lengthAfter }: KeyframeTiming,
  due: number,
): boolean {
  const moments = Math.ceil((due / recomputeSeconds - 1) * updatesSinceLast);
  for (let n = 1; n <= moments; n++) {
    if ((lengthAfter?.(n) ?? 1) < 1 + n / updatesSinceLast) return true;
  }
  return false;
}
