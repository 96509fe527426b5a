import type { AbsorptionReport, Probe } from '../../engine/protocol/index.ts';

/** Which level's change a fact's gain is owed to, in one run. */
export interface FactReport {
  /** File of the run. */
  readonly path: string;
  readonly title: string;
  readonly fact: Probe;
  readonly paraphrases: readonly Probe[];
  readonly neighbours: readonly Probe[];
  readonly report: AbsorptionReport;
}
