import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { convertToSafetensors } from '../engine/archive/convert.ts';
import { levelMapOf } from '../engine/archive/levelMap.ts';
import { CheckpointError } from '../engine/checkpoint/checkpointError.ts';
import { type LevelFlags, withArchives, withLevels } from './archiveOptions.ts';
import { bytesText } from './archiveTree.ts';
import { abortOnInterrupt, InterruptedError } from './interrupt.ts';
import { Output } from './output.ts';

const HELP = `
Values keep their dtypes, tied tensors are written once, and what is no weight of the model (the optimizer's moments) is
left out unless --all is given. The metadata says where each tensor belongs: hopescope.places, hopescope.levels,
hopescope.tied and hopescope.config are JSON.

Examples:
  hopescope convert step_000010.pt model.safetensors
  hopescope convert my-llama one.safetensors --level "**.layers.{block}.mlp.**=cms.0"`;

interface ConvertFlags {
  readonly level: LevelFlags;
  readonly all: boolean;
  readonly overwrite: boolean;
  readonly json: boolean;
}

export function addConvert(program: Command): void {
  const command = program
    .command('convert')
    .description('write a checkpoint as one safetensors file with the level of every tensor')
    .argument('<checkpoint>', 'file or folder of any kind that is read')
    .argument('<file>', 'safetensors file to write')
    .option('--all', 'also what is no weight of the model', false)
    .option('--overwrite', 'replace the file if it exists', false)
    .option('--json', 'one JSON object on standard output', false);
  withLevels(command).addHelpText('after', HELP).action(runConvert);
}

async function runConvert(from: string, to: string, flags: ConvertFlags): Promise<void> {
  const output = new Output(flags.json);
  await checkTarget(from, to, flags.overwrite);
  const signal = abortOnInterrupt();
  await withArchives([from], async ([archive]) => {
    const map = levelMapOf(archive, flags.level);
    const onProgress = (bytes: number, total: number) =>
      output.progress(`${bytesText(bytes)} of ${bytesText(total)}`);
    const written = await convertToSafetensors(archive, map, to, {
      all: flags.all,
      signal,
      onProgress,
    }).catch(error => {
      throw signal.aborted ? new InterruptedError(signal, 'before anything was written') : error;
    });
    const { tensors, bytes, tied, leftOut } = written;
    const { family, levels } = map;
    await output.result({ file: to, family, levels, ...written }, [
      `${tensors} tensors, ${bytesText(bytes)} written to ${to}`,
      `levels: ${levels.map(({ id }) => id).join(', ')} (names of ${family === 'unknown' ? 'no known family' : family})`,
      ...Object.entries(tied).map(([name, other]) => `${name} is tied to ${other}`),
      ...(leftOut.length ? [`${leftOut.length} tensors that are no weights were left out`] : []),
    ]);
  });
}

async function checkTarget(from: string, to: string, overwrite: boolean): Promise<void> {
  const found = await stat(to).catch(() => undefined);
  if (resolve(from) === resolve(to)) {
    throw new CheckpointError('is the checkpoint itself', to, 'Choose another file to write.');
  }
  if (found?.isDirectory()) throw new CheckpointError('this is a folder', to, 'Give the path of a file.');
  if (found && !overwrite) {
    throw new CheckpointError(
      'exists and is not overwritten',
      to,
      'Choose another file, or give --overwrite.',
    );
  }
}
