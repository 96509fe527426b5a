/** What the thread is started with; `state` is shared with the recorder. */
export interface LogThreadData {
  readonly path: string;
  readonly state: Int32Array;
}

/** Places in the shared state. The recorder waits and wakes at the first. */
export const LOG_STATE = { turn: 0, logPages: 1 } as const;
/** Whose turn it is: nobody's, the thread's, or the thread's to leave. */
export const TURN = { idle: 0, asked: 1, leave: 2 } as const;
