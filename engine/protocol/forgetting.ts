import type { Probe } from './probe.ts';

/**
 * What was forgotten of facts (probes) that were written one after the other. Scores are mean log-probabilities of
 * the answer, nats a token. NaN where a number does not apply.
 */
export interface ForgettingReport {
  /** In the order of writing. */
  readonly facts: readonly {
    /** Index of the probe among those asked about. */
    readonly fact: number;
    /** Updates, over all runs, after which the fact was written: the moment after its score's largest rise. */
    readonly written: number;
    /** Best score before the end less the score at the end (Chaudhry et al. 2018). */
    readonly forgetting: number;
    /** Lowest score from its writing on, and what that lies below the score at its writing: the stability gap. */
    readonly worst: number;
    readonly gap: number;
  }[];
  /** R: row i is the scores of all facts after fact i was written, the last row those at the end. */
  readonly matrix: readonly (readonly number[])[];
  /** Mean of the last row, ACC. */
  readonly average: number;
  /** BWT, mean over all facts but the last of what they gained or lost since their writing. */
  readonly backwardTransfer: number;
}

/** Effect of a change on one fact, a level predicted to first order, and measured; negative is damage. */
export interface Interference {
  /** ⟨∇P(θ⁰), Δ⟩ a level, in the levels' order. */
  readonly predicted: readonly number[];
  /** P(θ¹) − P(θ⁰) */
  readonly measured: number;
}

export interface InterferenceRequest {
  readonly path: string;
  /** The states compared, in updates. */
  readonly from: number;
  readonly to: number;
  readonly probes: readonly Probe[];
}

export interface InterferenceReport {
  /** Fast to slow, without `outer`. */
  readonly levels: readonly string[];
  /** In the order of the probes. */
  readonly facts: readonly Interference[];
}

/** Forgetting among probes of a run. */
export interface Forgetting {
  /** What the report's facts are indices into. */
  readonly probes: readonly Probe[];
  readonly report: ForgettingReport;
}

/** What the updates after `from` up to `to` did to probes. */
export interface MeasuredInterference {
  readonly from: number;
  readonly to: number;
  readonly probes: readonly Probe[];
  readonly report: InterferenceReport;
}
