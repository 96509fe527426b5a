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
  /** Norm-matched random deltas a level, at least 20. */
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
  /** Gain of this level's change alone when it is replaced by random deltas of the same norm a tensor. */
  readonly control: { readonly mean: number; readonly deviation: number; readonly count: number };
  /** (sufficiency − control.mean) / control.deviation */
  readonly zScore: number;
  /** −∫₀¹ ⟨∇P, Δ⟩ ds a block; they add up to the gain over all levels and blocks. Empty when not asked for. */
  readonly path: readonly number[];
  /** Updates that this level made between the two states. */
  readonly updates: number;
  /** Set where the level was not at a boundary in between: tokens still to go from the later state. */
  readonly tokensToGo?: number;
}

export interface AbsorptionReport {
  readonly from: number;
  readonly to: number;
  readonly before: number;
  readonly after: number;
  /** after − before */
  readonly gain: number;
  /** Standard error of a gain under random deltas of all levels together. */
  readonly standardError: number;
  /** Whether |gain| is over twice the standard error; where not, contributions are not shown. */
  readonly significant: boolean;
  readonly levels: readonly LevelContribution[];
  /** Gain − Σ path, what the integral's points miss; NaN when not asked for. */
  readonly pathResidual: number;
  /** First number of updates at which half of the gain was there, by bisection's monotone reading of the run. */
  readonly halfGainAt?: number;
  readonly paraphrases: readonly { readonly before: number; readonly after: number }[];
  readonly neighbours: readonly { readonly before: number; readonly after: number }[];
  /** Shapley values at slow boundaries between the two states: `[moments, levels]`. */
  readonly handOver: {
    readonly updates: readonly number[];
    readonly shapley: readonly (readonly number[])[];
  };
}
