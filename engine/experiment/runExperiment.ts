import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAtomically } from '../checkpoint/atomicFile.ts';
import { CheckpointError } from '../checkpoint/checkpointError.ts';
import type { Workers } from '../train/gradientPool.ts';
import type { CellResult, Experiment, ExperimentSettings } from './experiment.ts';
import { resultTable } from './resultTable.ts';

/** What `NAME.json` holds: every training that has ended. */
export interface Results {
  readonly experiment: string;
  readonly settings: ExperimentSettings;
  /** What made it. */
  readonly command: string;
  readonly cells: Readonly<Record<string, CellResult>>;
}

export interface ExperimentProgress {
  /** Trainings that have ended, and all. */
  readonly done: number;
  readonly all: number;
  /** What is being trained, and how far it is. */
  readonly row: string;
  readonly line: string;
}

/**
 * Runs what is missing of an experiment, writing `NAME.json` and `NAME.md` after every training. A kill loses the steps
 * since the last checkpoint of the training in flight; the same call goes on from there.
 * @returns all results so far; fewer than there are cells when the signal ended it
 * @throws CheckpointError when the folder holds results with other settings
 */
export async function runExperiment(
  experiment: Experiment,
  settings: ExperimentSettings,
  output: string,
  command: string,
  threads: Workers,
  signal: AbortSignal,
  onProgress: (progress: ExperimentProgress) => void,
): Promise<Results> {
  const planned = experiment.cells(settings);
  await mkdir(output, { recursive: true });
  const path = join(output, `${experiment.name}.json`);
  let results = (await readResults(path)) ?? { experiment: experiment.name, settings, command, cells: {} };
  if (results.experiment !== experiment.name || !sameSettings(results.settings, settings)) {
    const remedy = 'Choose another folder with --out, or give the settings that it was made with.';
    throw new CheckpointError('holds results with other settings', path, remedy);
  }
  for (const [i, cell] of planned.entries()) {
    if (results.cells[cell.id]) continue;
    if (signal.aborted) break;
    const folder = join(output, `.${experiment.name}`, cell.id);
    await mkdir(folder, { recursive: true });
    const seed = settings.seeds > 1 ? `, seed ${cell.seed}` : '';
    const row = `${cell.row.join(', ')}${seed}`;
    const result = await cell.run({
      folder,
      threads,
      signal,
      onProgress: line => onProgress({ done: i, all: planned.length, row, line }),
    });
    if (!result) break;
    results = { ...results, cells: { ...results.cells, [cell.id]: result } };
    await write(path, `${JSON.stringify(results, undefined, 1)}\n`);
    await write(join(output, `${experiment.name}.md`), resultTable(experiment, results));
    await rm(folder, { recursive: true, force: true });
  }
  return results;
}

/** @returns undefined where there is no such file @throws CheckpointError when it is something else */
export async function readResults(path: string): Promise<Results | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch {
    return undefined;
  }
  try {
    const found = JSON.parse(text) as Results;
    if (typeof found.experiment === 'string' && found.settings && found.cells) return found;
  } catch {}
  throw new CheckpointError('holds no results of an experiment', path, 'Choose another folder with --out.');
}

function sameSettings(a: ExperimentSettings, b: ExperimentSettings): boolean {
  return a.seeds === b.seeds && a.steps === b.steps && a.data === b.data && a.backend === b.backend;
}

function write(path: string, text: string): Promise<void> {
  return writeAtomically(path, [Buffer.from(text)]);
}
