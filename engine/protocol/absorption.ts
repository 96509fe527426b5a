import type { Probe } from './probe.ts';

export interface AbsorptionRequest {
  /** Token of the progress reports. */
  readonly token: string;
  readonly path: string;
  /** The states compared, in updates. */
  readonly from: number;
  readonly to: number;
  readonly fact: Probe;
  /** The same fact in other words. */
  readonly paraphrases: readonly Probe[];
  /** Facts that should not have changed. */
  readonly neighbours: readonly Probe[];
  /** Norm-matched random deltas a level, 20 to 1000. */
  readonly controls: number;
  readonly seed: number;
  /** Points of the path integral, 8 to 64; 0 leaves the attribution a block out. */
  readonly pathPoints: number;
}

/** All gains are differences of the mean log-probability of the answer, nats a token of the answer. */
export interface LevelContribution {
  readonly level: string;
  /** Exact Shapley value over all subsets of levels; they add up to the gain. */
  readonly shapley: number;
  /** Lost without this level's change. */
  readonly necessity: number;
  /** Gained by this level's change alone. */
  readonly sufficiency: number;
  /** necessity − sufficiency */
  readonly interaction: number;
  /** Gain of this level's change alone when every entry of it is given a random sign: random deltas of its norm. */
  readonly control: { readonly mean: number; readonly deviation: number; readonly count: number };
  /** (sufficiency − control.mean) / control.deviation; NaN where the level did not change. */
  readonly zScore: number;
  /**
   * ∫₀¹ ⟨∇P(θ⁰ + sΔ), Δ⟩ ds a block, P the mean log-probability; over all levels and blocks they add up to the gain.
   * Empty when not asked for.
   */
  readonly path: readonly number[];
  /** Updates that this level made between the two states. */
  readonly updates: number;
  /** Set where the level was not at a boundary in between: tokens still to go from the later state. */
  readonly tokensToGo?: number;
  /** Its learning rate was 0. */
  readonly frozen: boolean;
}

export interface AbsorptionReport {
  readonly from: number;
  readonly to: number;
  readonly before: number;
  readonly after: number;
  /** after − before */
  readonly gain: number;
  /** Standard deviation of the gain under random deltas of all levels together. */
  readonly standardError: number;
  /** Whether |gain| is over twice the standard error; where not, contributions are not shown. */
  readonly significant: boolean;
  readonly levels: readonly LevelContribution[];
  /** Gain − Σ path, what the integral's points miss; NaN when not asked for. */
  readonly pathResidual: number;
  /** First number of updates at which half of the gain was there, by bisection; absent where not significant. */
  readonly halfGainAt?: number;
  readonly paraphrases: readonly { readonly before: number; readonly after: number }[];
  readonly neighbours: readonly { readonly before: number; readonly after: number }[];
  /** Shapley values at slow boundaries between the two states: `[moments, levels]`. */
  readonly handOver: {
    readonly updates: readonly number[];
    readonly shapley: readonly (readonly number[])[];
  };
}
