/**
 * Runs two trainings of the formal languages and writes a line a step: `node runExperiment.ts FOLDER STEPS`. Ends when
 * they are done, or by a signal.
 */
import { writeSync } from 'node:fs';
import { formalLanguages } from '../../engine/experiment/formalLanguages.ts';
import { runExperiment } from '../../engine/experiment/runExperiment.ts';
import { openBackend } from '../../engine/tensor/backend.ts';
import { twoTrainings } from './twoTrainings.ts';

const [folder, steps] = process.argv.slice(2);
await openBackend('wasm');
await runExperiment(
  twoTrainings(formalLanguages),
  { seeds: 1, steps: Number(steps) },
  folder,
  'made by hand',
  { count: 1, file: '' },
  new AbortController().signal,
  ({ done, line }) => writeSync(1, `${done} ${line}\n`),
);
