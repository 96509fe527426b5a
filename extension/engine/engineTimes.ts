/** Patience, in milliseconds. */
export interface EngineTimes {
  readonly initialize: number;
  readonly request: number;
  /** Between two looks for a heartbeat, and how many looks may find none. */
  readonly beat: number;
  readonly missedBeats: number;
  /** From a request to leave to the kill; also from a cancellation to giving up on its answer. */
  readonly grace: number;
}

export const ENGINE_TIMES: EngineTimes = {
  initialize: 60_000,
  request: 120_000,
  beat: 1_000,
  missedBeats: 15,
  grace: 2_000,
};
