import { availableParallelism } from 'node:os';

/** What is known when a tick has ended. Times in seconds. */
export interface KeyframeTiming {
  /** Training time since the last keyframe was complete. */
  readonly secondsSinceLast: number;
  readonly updatesSinceLast: number;
  /** What training would wait for: reading the fast state back and encoding it. */
  readonly readSeconds: number;
  /** What it would take the thread that writes beside the training. */
  readonly writeSeconds: number;
}

/** Share of training time that reading states may take: with the updates, some 2 %, recording stays under 5 %. */
export const READ_SHARE = 0.025;

/**
 * Share of the time that a worker is busy with writing them, and waiting for the disk, where there is a core beside the one
 * that trains. A core that is busy makes the other one slower, by an eighth on the machine of docs/results/bench.md.
 */
export const WRITE_SHARE = availableParallelism() > 1 ? 0.2 : 0.025;

/** The share that it may take where otherwise more than `RESTORE_SECONDS` would pass. */
export const MOST_WRITE_SHARE = 2 * WRITE_SHARE;

/** Seconds of training that going to any update should have to recompute at most: it is to take less than 0.25 s. */
export const RESTORE_SECONDS = 0.15;

/** Seconds of training that going back one step may have to recompute, as long as the shares allow it. */
const RECOMPUTE_SECONDS = 0.05;

/**
 * Whether to write a keyframe now. One is due after 50 ms of training, later where a keyframe is so expensive that one
 * in 50 ms would take more than its shares. Where it lies changes no number of the run.
 */
export function shouldWrite(timing: KeyframeTiming): boolean {
  const { secondsSinceLast, updatesSinceLast, readSeconds, writeSeconds } = timing;
  const written = Math.max(
    writeSeconds / MOST_WRITE_SHARE,
    Math.min(writeSeconds / WRITE_SHARE, RESTORE_SECONDS),
  );
  const least = Math.max(RECOMPUTE_SECONDS, readSeconds / READ_SHARE, written);
  return updatesSinceLast > 0 && secondsSinceLast >= least;
}
