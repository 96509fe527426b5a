import type { Probe, ProbeScore } from './probe.ts';

/** What to do with tokens still pending at a level when the text ends. */
export type PartialChunk = 'flush' | 'drop';

/** Settings of one training on a text. */
export interface TrainOptions {
  /** Passes over the text, an integer of at least 1. */
  readonly epochs: number;
  /**
   * Learning rate a level: for `cms.k` the SGD rate of Eq. 71; for `memory` and `projections` a factor
   * on the η that the model generates itself (1 = as the model decides, 0 = frozen).
   */
  readonly learningRates: Readonly<Record<string, number>>;
  readonly partialChunk: PartialChunk;
  /** False leaves out all per-level numbers but which level fired. */
  readonly telemetry: boolean;
}

export interface TrainRequest {
  readonly runId: string;
  /** The text, whole; it is tokenised piece by piece. */
  readonly text: string;
  /** Label shown in messages and the run file, never the text itself. */
  readonly title: string;
  readonly options: TrainOptions;
  /** Scored before the first and after the last update. */
  readonly probes: readonly Probe[];
  /** Updates between two scorings of the probes for the run file; 0 or omitted, only before and after. */
  readonly probeInterval?: number;
  /**
   * File of a run of the same text with the same options that was cut short: training goes on after its last update,
   * as a branch of it.
   */
  readonly continues?: string;
  /** Where the run file is written; omitted, nothing is kept on disk. */
  readonly runPath?: string;
  /** Bytes that the whole states in the run file may take; omitted, one GiB. */
  readonly storageBudget?: number;
}

/** Progress of a training, at most a few a second. */
export interface TrainProgress {
  readonly position: number;
  /** Stream positions in all passes; an estimate until the text is tokenised to its end. */
  readonly total: number;
  readonly tokensPerSecond: number;
}

/** Sum over one training for one level, over all blocks. */
export interface LevelSummary {
  readonly id: string;
  readonly period: number;
  readonly updates: number;
  /** ‖W_end − W_start‖_F / ‖W_start‖_F over this training. */
  readonly relativeChange: number;
  /** ‖W_end − W₀‖_F / ‖W₀‖_F against the base checkpoint. */
  readonly drift: number;
  /** Mean ‖ΔW‖_F / ‖W‖_F of the level's updates. */
  readonly meanRelativeUpdate: number;
}

export interface ProbeChange extends Probe {
  readonly before: ProbeScore;
  readonly after: ProbeScore;
}

export interface TrainResult {
  readonly runId: string;
  readonly status: 'finished' | 'cancelled';
  readonly tokens: number;
  readonly positions: number;
  readonly updates: number;
  readonly seconds: number;
  /** Mean surprise of the first and of the last pass, nats per token. */
  readonly surpriseFirst: number;
  readonly surpriseLast: number;
  readonly levels: readonly LevelSummary[];
  readonly probes: readonly ProbeChange[];
}

/** Where tokens lie in the text, in UTF-16 units, sent as the first pass tokenises it. */
export interface TokenSpans {
  readonly runId: string;
  /** Index of the first token in this message. */
  readonly first: number;
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
}
