import { availableParallelism } from 'node:os';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { nativeFolderIn, storageFolder } from '../engine/choice/storage.ts';
import { BACKEND_NAMES, type BackendName } from '../engine/protocol/backend.ts';
import { openBackend } from '../engine/tensor/backend.ts';
import type { Workers } from '../engine/train/gradientPool.ts';
import { gradientWorkerFile } from './workerFile.ts';

/** Options of the commands that train models from nothing. */
export interface WorkerFlags {
  readonly backend: BackendName;
  readonly workers?: number;
}

/** What computes on a graphics processor, as users know it. */
const ON_GPU: readonly string[] = ['CUDA', 'WebGPU'];

/** Adds the options of `WorkerFlags`. */
export function addWorkerOptions(command: Command): Command {
  const backend = new Option(
    '--backend <name>',
    'what computes; tensorflow is what "hopescope backends install" installed, on a GPU if it finds one',
  );
  return command
    .addOption(backend.choices(BACKEND_NAMES).default('wasm'))
    .option('--workers <n>', 'worker threads (default: one a core, one alone on a GPU)', wholeNumber);
}

/**
 * Opens the backend in this thread, before a worker does, and says what it is called and what workers are to be.
 * @throws Error that says in words why the backend cannot be used
 */
export async function openWorkers({
  backend,
  workers,
}: WorkerFlags): Promise<{ threads: Workers; label: string }> {
  const options = { nativeFolder: nativeFolderIn(storageFolder()) };
  const { name, label } = await openBackend(backend, options);
  const count = workers ?? (ON_GPU.includes(label) ? 1 : availableParallelism());
  return { threads: { count, file: gradientWorkerFile(), backend: { name, options } }, label };
}

export function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new InvalidArgumentError('It must be a whole number of at least 1.');
  return value;
}
