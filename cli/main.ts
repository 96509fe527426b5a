import { Command } from 'commander';
import manifest from '../package.json';
import { addAddLevels } from './addLevels.ts';
import { addBackends } from './backends.ts';
import { addCompare } from './compare.ts';
import { addConvert } from './convert.ts';
import { reportEnding, usageLine } from './ending.ts';
import { addEvaluate } from './evaluate.ts';
import { addExperiment } from './experiment.ts';
import { addInspect } from './inspect.ts';
import { exitOnInterrupt } from './interrupt.ts';
import { addLogits } from './logits.ts';
import { watchOutput } from './output.ts';
import { addPretrain } from './pretrain.ts';
import { addProbe } from './probe.ts';
import { addReport } from './report.ts';
import { addRuns } from './runs.ts';
import { addSnapshots } from './snapshots.ts';
import { addTrain } from './train.ts';

const HELP = `
Every command exits with 0 on success, with 1 and one line on standard error when it refuses its input, and with 130
when interrupted. --json gives one JSON object on standard output; progress goes to standard error.

Examples:
  hopescope train --text people.txt --probe "Mira Halloway was born in => Lisbon" --out people.state
  hopescope probe "Mira Halloway was born in => Lisbon" --state people.state
  hopescope COMMAND --help`;

/** Commands of `hopescope`, the engine without an editor. */
const program = new Command('hopescope')
  .description('Train, probe and inspect Hope models without an editor.')
  .version(manifest.version)
  .configureOutput({ outputError: (text, write) => write(usageLine(text)) })
  .exitOverride()
  .addHelpText('after', HELP);
addTrain(program);
addProbe(program);
addEvaluate(program);
addInspect(program);
addCompare(program);
addConvert(program);
addLogits(program);
addAddLevels(program);
addRuns(program);
addReport(program);
addSnapshots(program);
addPretrain(program);
addExperiment(program);
addBackends(program);

exitOnInterrupt();
watchOutput();
const given = process.argv.slice(2);
program.parseAsync(given.length ? given : ['--help'], { from: 'user' }).then(
  () => process.exit(),
  error => process.exit(reportEnding(error)),
);
