import type { Keyframe } from './keyframe.ts';

/** What the worker of a run file is started with; `state` is shared with the recorder. */
export interface WorkerStart {
  readonly path: string;
  readonly state: Int32Array;
}

/**
 * A keyframe that the worker is to write, in shared memory that nobody writes to until it is written, and those that it
 * takes the place of.
 */
export interface KeyframeJob extends Keyframe {
  /** Whether it is packed against the first. */
  readonly packed: boolean;
  readonly dropped: readonly number[];
}

/**
 * Places in the shared state. The worker sleeps on `bell`; the recorder waits for it on the others.
 * `occupied` is 1 while what the recorder writes would have to wait for the file. `microseconds` is what all that the
 * worker did has taken, modulo 2³², `bytes` the length of the last keyframe that it wrote.
 */
export const PLACE = {
  bell: 0,
  leave: 1,
  log: 2,
  keyframe: 3,
  occupied: 4,
  microseconds: 5,
  bytes: 6,
} as const;

export const LEAVE = { no: 0, asked: 1, left: 2 } as const;

export const LOG = { idle: 0, asked: 1 } as const;

export const KEYFRAME = { none: 0, given: 1, written: 2, failed: 3 } as const;

/** Length of the log in bytes from which on it is begun anew. */
export const RENEW_AT = 32 * 2 ** 20;
