/** One update: a tick of online training as it is recorded and shown. */
export interface Update {
  /** 0 for the first update of a run. */
  readonly index: number;
  /** First stream position read by this tick; position p is token `p % tokens` of pass `⌊p / tokens⌋`. */
  readonly position: number;
  /** Mean next-token loss of the tick, nats per token. */
  readonly loss: number;
  /** −log p(token) in nats, one a token of the tick. */
  readonly surprise: Float32Array;
  /**
   * `[blocks, levels, METRICS.length]`, row-major; levels in the model's order without `outer`, the memories of their
   * optimizers last.
   */
  readonly metrics: Float32Array;
}
