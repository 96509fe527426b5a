/** A prompt and the answer expected after it. */
export interface Probe {
  readonly prompt: string;
  readonly answer: string;
}

/** Score of a probe on the current fast state, with convolution state cleared. Nothing is written by scoring. */
export interface ProbeScore {
  /** p(answer | prompt): product over the answer's tokens. */
  readonly probability: number;
  /** Worst rank (1 = most likely) over the answer's tokens, each given the ones before it. */
  readonly rank: number;
  /** Mean log-probability of the answer's tokens, nats. */
  readonly meanLogProbability: number;
  readonly tokens: number;
}
