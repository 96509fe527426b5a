/** What the worker of a run file is started with; `state` is shared with the recorder. */
export interface WorkerStart {
  readonly path: string;
  readonly state: Int32Array;
}

/** A keyframe that the worker is to write, and those that it takes the place of. */
export interface KeyframeJob {
  readonly updates: number;
  /** A safetensors file, in shared memory that nobody writes to until the keyframe is written. */
  readonly fastState: Uint8Array;
  readonly dropped: readonly number[];
}

/**
 * Places in the shared state. The worker sleeps on `bell`; the recorder waits for it on `keyframe` and `log`.
 * `microseconds` is what the last keyframe took.
 */
export const PLACE = { bell: 0, leave: 1, log: 2, logPages: 3, keyframe: 4, microseconds: 5 } as const;

export const LOG = { idle: 0, asked: 1 } as const;

/** A keyframe is given to the worker; it holds the file's write lock only while it is being written. */
export const KEYFRAME = { none: 0, given: 1, writing: 2, written: 3, failed: 4 } as const;
