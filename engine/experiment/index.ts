import { ablation } from './ablation.ts';
import type { Experiment } from './experiment.ts';
import { formalLanguages } from './formalLanguages.ts';

/** Every experiment, by its name. */
export const EXPERIMENTS: readonly Experiment[] = [formalLanguages, ablation];

export type { ExperimentSettings } from './experiment.ts';
export { resultTable } from './resultTable.ts';
export { type Results, readResults, runExperiment } from './runExperiment.ts';
