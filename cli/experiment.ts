import { join } from 'node:path';
import { Argument, type Command } from 'commander';
import {
  EXPERIMENTS,
  type ExperimentSettings,
  resultTable,
  runExperiment,
} from '../engine/experiment/index.ts';
import { abortOnInterrupt, InterruptedError } from './interrupt.ts';
import { Output } from './output.ts';
import { addWorkerOptions, openWorkers, type WorkerFlags, wholeNumber } from './workerOptions.ts';

interface ExperimentFlags extends WorkerFlags {
  readonly out: string;
  readonly data?: string;
  readonly seeds?: number;
  readonly steps?: number;
  readonly json: boolean;
}

const HELP = `
Results are written to OUT/NAME.json and OUT/NAME.md after every training. A kill loses at most the steps since the last
checkpoint of the training in flight, Ctrl+C loses none: the same command goes on from there.

Experiments:
${EXPERIMENTS.map(({ name, title, defaults }) => `  ${name}: ${title}; ${defaults.seeds} seed(s), ${defaults.steps} steps`).join('\n')}

Examples:
  hopescope experiment formal-languages --out results
  hopescope experiment ablation --data texts --out results --seeds 3`;

export function addExperiment(program: Command): void {
  const command = program
    .command('experiment')
    .description("train the systems of one of the paper's tables at laptop scale, and write the table")
    .addArgument(new Argument('<name>', 'which').choices(EXPERIMENTS.map(({ name }) => name)))
    .requiredOption('--out <folder>', 'where the tables go, and what going on needs')
    .option('--data <folder>', '.txt and .jsonl files, for experiments that read texts')
    .option('--seeds <n>', 'trainings of each row', wholeNumber)
    .option('--steps <n>', 'optimizer steps of each', wholeNumber);
  addWorkerOptions(command)
    .option('--json', 'one JSON object on standard output', false)
    .addHelpText('after', HELP)
    .action(run);
}

async function run(
  name: string,
  { out, data, seeds, steps, json, ...workers }: ExperimentFlags,
): Promise<void> {
  const output = new Output(json);
  const experiment = EXPERIMENTS.find(each => each.name === name)!;
  const settings: ExperimentSettings = {
    seeds: seeds ?? experiment.defaults.seeds,
    steps: steps ?? experiment.defaults.steps,
    ...(experiment.needsData && { data }),
    ...(workers.backend !== 'wasm' && { backend: workers.backend }),
  };
  const cells = experiment.cells(settings).length;
  const { threads } = await openWorkers(workers);
  const signal = abortOnInterrupt();
  const results = await runExperiment(
    experiment,
    settings,
    out,
    commandOf(name, settings),
    threads,
    signal,
    p => output.progress(`${p.done} of ${p.all} done, ${p.row}: ${p.line}`),
  );
  const done = Object.keys(results.cells).length;
  const table = resultTable(experiment, results);
  await output.result(results, [table, `written to ${join(out, `${name}.md`)} and ${name}.json`]);
  if (done === cells) return;
  throw new InterruptedError(signal, `after ${done} of ${cells} trainings; the same command goes on`);
}

/** As a reader can give it again; where results and texts lie is theirs to choose. */
function commandOf(name: string, { seeds, steps, data, backend }: ExperimentSettings): string {
  const texts = data ? ' --data TEXTS' : '';
  const on = backend ? ` --backend ${backend}` : '';
  return `hopescope experiment ${name} --out OUT${texts} --seeds ${seeds} --steps ${steps}${on}`;
}
