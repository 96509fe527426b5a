import { Command } from 'commander';
import manifest from '../package.json';
import { addBackends } from './cli/backends.ts';
import { reportEnding, usageLine } from './cli/ending.ts';
import { addEvaluate } from './cli/evaluate.ts';
import { addExperiment } from './cli/experiment.ts';
import { addInspect } from './cli/inspect.ts';
import { exitOnInterrupt } from './cli/interrupt.ts';
import { watchOutput } from './cli/output.ts';
import { addPretrain } from './cli/pretrain.ts';
import { addProbe } from './cli/probe.ts';
import { addRuns } from './cli/runs.ts';
import { addTrain } from './cli/train.ts';

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
addRuns(program);
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
