import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { reasonOf } from '../engine/checkpoint/atomicFile.ts';
import type { BytePairProgress } from '../engine/checkpoint/bytePairTrainer.ts';
import { CheckpointError } from '../engine/checkpoint/checkpointError.ts';
import { readPretrainConfig } from '../engine/train/pretrainConfig.ts';
import { type PretrainProgress, type PretrainResult, pretrain } from '../engine/train/pretraining.ts';
import { abortOnInterrupt, InterruptedError } from './interrupt.ts';
import { Output } from './output.ts';
import { duration } from './table.ts';
import { addWorkerOptions, openWorkers, type WorkerFlags } from './workerOptions.ts';

interface PretrainFlags extends WorkerFlags {
  readonly config: string;
  readonly data: string;
  readonly out: string;
  readonly json: boolean;
}

const HELP = `
A kill loses the steps since the last checkpoint (training.checkpoint_interval) and nothing else, Ctrl+C loses none:
the same command goes on from there. Losses are in nats per token.

Examples:
  hopescope pretrain --config engine/recipes/hope-mini.json --data texts --out my-model
  hopescope pretrain --config small.json --data texts --out my-model --workers 1 --json
  hopescope pretrain --config small.json --data texts --out my-model --backend tensorflow`;

export function addPretrain(program: Command): void {
  const command = program
    .command('pretrain')
    .description('train a model from nothing, or go on from the last checkpoint in the output folder')
    .requiredOption('--config <file>', 'model and training, JSON (see engine/recipes)')
    .requiredOption('--data <folder>', '.txt files, and .jsonl files with {"text": …} lines')
    .requiredOption('--out <folder>', 'model folder to write; also holds what resuming needs');
  addWorkerOptions(command)
    .option('--json', 'one JSON object on standard output', false)
    .addHelpText('after', HELP)
    .action(runPretrain);
}

async function runPretrain({ config, data, out, json, ...workers }: PretrainFlags): Promise<void> {
  const output = new Output(json);
  const settings = await readPretrainConfig(config);
  const { threads, label: backend } = await openWorkers(workers);
  await checkModelTarget(out);
  const signal = abortOnInterrupt();
  let begun = false;
  const onProgress = (progress: PretrainProgress) => {
    begun = true;
    output.progress(progressLine(progress));
  };
  const started = performance.now();
  const onTokenizer = ({ merges, asked }: BytePairProgress) => {
    // A small text has its tokenizer before anyone wonders what goes on.
    if (performance.now() - started > 1000) output.progress(`tokenizer, ${merges} of ${asked} merges`);
  };
  const result = await pretrain(settings, data, out, onProgress, threads, signal, onTokenizer).catch(
    error => {
      throw signal.aborted && !begun ? new InterruptedError(signal, 'before the first step') : error;
    },
  );
  await output.result({ ...result, backend, out }, report(result, backend, out));
  if (!signal.aborted) return;
  const { steps } = settings.training;
  throw new InterruptedError(signal, `after step ${result.steps} of ${steps}; the same command goes on`);
}

/** Refuses a folder that cannot be made, or that holds a model which no pretraining wrote. */
async function checkModelTarget(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const reason = code === 'EEXIST' ? 'it is a file' : reasonOf(error);
    throw new CheckpointError(`cannot be made: ${reason}`, folder, 'Choose another folder for --out.');
  }
  const [model, state] = await Promise.all(
    ['config.json', 'pretraining.safetensors'].map(name => stat(join(folder, name)).catch(() => undefined)),
  );
  if (!model || state) return;
  const remedy = 'Choose another folder for --out.';
  throw new CheckpointError('holds a model that pretrain did not begin', folder, remedy);
}

function progressLine(progress: PretrainProgress): string {
  const { step, steps, loss, validationLoss, tokensPerSecond, secondsLeft } = progress;
  const held = Number.isNaN(validationLoss) ? '' : `, held-out ${validationLoss.toFixed(3)}`;
  const pace = `${tokensPerSecond.toFixed(0)} tok/s, ${duration(secondsLeft)} left`;
  return `step ${step} of ${steps}, loss ${loss.toFixed(3)}${held} nats, ${pace}`;
}

function report(
  { status, steps, validationLoss, unigramLoss, parameters, seconds }: PretrainResult,
  backend: string,
  out: string,
): string[] {
  const held = Number.isNaN(validationLoss)
    ? 'not measured yet'
    : `${validationLoss.toFixed(3)} nats a token`;
  return [
    `${status} after ${steps} steps, ${duration(seconds)}, ${parameters} parameters, on ${backend}`,
    `held-out loss ${held}, unigram ${unigramLoss.toFixed(3)}`,
    `model written to ${out}`,
  ];
}
