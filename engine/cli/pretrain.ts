import { availableParallelism } from 'node:os';
import { type Command, InvalidArgumentError } from 'commander';
import { openBackend } from '../tensor/backend.ts';
import { readPretrainConfig } from '../train/pretrainConfig.ts';
import { pretrain } from '../train/pretraining.ts';
import { abortOnInterrupt, InterruptedError } from './interrupt.ts';
import { duration, Output } from './output.ts';
import { gradientWorkerFile } from './workerFile.ts';

interface PretrainFlags {
  readonly config: string;
  readonly data: string;
  readonly out: string;
  readonly workers: number;
  readonly json: boolean;
}

export function addPretrain(program: Command): void {
  program
    .command('pretrain')
    .description('train a model from nothing, or go on from the last checkpoint in the output folder')
    .requiredOption('--config <file>', 'model and training, JSON (see engine/recipes)')
    .requiredOption('--data <folder>', '.txt files, and .jsonl files with {"text": …} lines')
    .requiredOption('--out <folder>', 'model folder to write; also holds what resuming needs')
    .option('--workers <n>', 'worker threads', wholeNumber, availableParallelism())
    .option('--json', 'one JSON object on standard output', false)
    .action(runPretrain);
}

async function runPretrain({ config, data, out, workers, json }: PretrainFlags): Promise<void> {
  const output = new Output(json);
  await openBackend('wasm');
  const signal = abortOnInterrupt();
  const settings = await readPretrainConfig(config);
  const result = await pretrain(
    settings,
    data,
    out,
    ({ step, steps, loss, validationLoss, tokensPerSecond, secondsLeft }) => {
      const held = Number.isNaN(validationLoss) ? '' : `, held-out ${validationLoss.toFixed(3)}`;
      const pace = `${tokensPerSecond.toFixed(0)} tok/s, ${duration(secondsLeft)} left`;
      output.progress(`step ${step} of ${steps}, loss ${loss.toFixed(3)}${held} nats, ${pace}`);
    },
    { count: workers, file: gradientWorkerFile() },
    signal,
  );
  const { status, steps, validationLoss, unigramLoss, parameters, seconds } = result;
  output.result(result, [
    `${status} after ${steps} steps, ${duration(seconds)}, ${parameters} parameters`,
    `held-out loss ${validationLoss.toFixed(3)} nats a token, unigram ${unigramLoss.toFixed(3)}`,
  ]);
  if (status === 'interrupted') throw new InterruptedError();
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new InvalidArgumentError('It must be a whole number of at least 1.');
  return value;
}
