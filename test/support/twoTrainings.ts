import type { Experiment } from '../../engine/experiment/experiment.ts';

/** Two trainings of the formal languages that take no time: Transformer++ and linear attention. */
export function twoTrainings(formal: Experiment): Experiment {
  return { ...formal, cells: settings => formal.cells(settings).slice(2, 4) };
}
