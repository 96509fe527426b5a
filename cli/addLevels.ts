import { type Command, InvalidArgumentError } from 'commander';
import { levelsOf } from '../engine/checkpoint/config.ts';
import { addLevels } from '../engine/pretrained/addLevels.ts';
import { abortOnInterrupt, InterruptedError } from './interrupt.ts';
import { Output } from './output.ts';

const HELP = `
The MLP of every block becomes the slowest level of its continuum memory system. In front of it come levels that begin
with its norm and first matrices and an output of zero, so that at rate 0 the logits stay what they were, bit for bit.
The new folder is a model of Hopescope: train, probe, logits and the editor read it.

Examples:
  hopescope add-levels my-llama my-llama-levels --periods 16,64,256
  hopescope train --model my-llama-levels --text notes.txt`;

interface AddLevelsFlags {
  readonly periods: readonly number[];
  readonly json: boolean;
}

export function addAddLevels(program: Command): void {
  program
    .command('add-levels')
    .description('stack memory levels on the MLPs of a Llama or GPT-2, as a new model folder')
    .argument('<model>', 'folder of Hugging Face with config.json, tokenizer.json and the weights')
    .argument('<folder>', 'model folder to make')
    .requiredOption('--periods <tokens>', 'between two updates of each level, fast to slow', periodsOf)
    .option('--json', 'one JSON object on standard output', false)
    .addHelpText('after', HELP)
    .action(run);
}

async function run(source: string, target: string, { periods, json }: AddLevelsFlags): Promise<void> {
  const output = new Output(json);
  const signal = abortOnInterrupt();
  const cancelled = () => signal.aborted;
  const config = await addLevels({ source, target, periods, cancelled }).catch(error => {
    throw signal.aborted ? new InterruptedError(signal, 'before anything was written') : error;
  });
  const levels = levelsOf(config);
  await output.result({ folder: target, name: config.name, levels }, [
    `${target}: levels ${levels
      .filter(({ period }) => period > 0)
      .map(({ id, period }) => `${id} every ${period} tokens`)
      .join(', ')}; the last is the pre-trained MLP`,
  ]);
}

function periodsOf(text: string): number[] {
  const periods = text.split(',').map(part => (/^\s*\d+\s*$/.test(part) ? Number(part) : Number.NaN));
  if (periods.every(Number.isSafeInteger)) return periods;
  throw new InvalidArgumentError('It must be whole numbers of tokens separated by commas.');
}
