import { join } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { chooseBackend } from '../engine/choice/chooseBackend.ts';
import { nativeFolderIn, storageFolder } from '../engine/choice/storage.ts';
import { BACKEND_PREFERENCES, type BackendPreference } from '../engine/protocol/backend.ts';
import type { ModelInfo } from '../engine/protocol/model.ts';
import { MOST_THREADS, type ThreadCount, threadCount } from '../engine/protocol/threads.ts';
import { Session } from '../engine/session/session.ts';
import manifest from '../package.json';
import type { Output } from './output.ts';
import { checkStateSource } from './stateFile.ts';

/** Options of every command that opens a model. */
export interface ModelFlags {
  readonly model?: string;
  readonly state?: string;
  readonly backend: BackendPreference;
  readonly threads: ThreadCount;
  readonly json: boolean;
}

/** The model that comes with Hopescope; the bundle lies in a folder beside `media`. */
export const DEFAULT_MODEL = join(import.meta.dirname, '..', 'media', 'hope-mini');

function parseThreads(text: string): ThreadCount {
  const count = threadCount(text);
  if (count !== undefined) return count;
  throw new InvalidArgumentError(`It must be auto or a whole number from 1 to ${MOST_THREADS}.`);
}

/** A new command with the options of `ModelFlags`. */
export function modelCommand(program: Command, usage: string, description: string): Command {
  const backend = new Option(
    '--backend <name>',
    'auto takes the fastest that "hopescope backends" has measured',
  )
    .choices(BACKEND_PREFERENCES)
    .default('auto');
  return program
    .command(usage)
    .description(description)
    .option('--model <folder>', 'config.json, tokenizer.json, model.safetensors (default: hope-mini)')
    .option('--state <file>', 'start from a fast state that train --out wrote')
    .addOption(backend)
    .option('--threads <count>', 'cores of the wasm backend; auto times a test', parseThreads, 'auto')
    .option('--json', 'one JSON object on standard output', false);
}

export interface OpenedModel {
  readonly session: Session;
  readonly info: ModelInfo;
  readonly backend: string;
}

/** Opens the backend, the model and the fast state that the options name. @throws CheckpointError */
export async function openModel(
  { model = DEFAULT_MODEL, state, backend, threads }: ModelFlags,
  output: Output,
): Promise<OpenedModel> {
  if (state) await checkStateSource(state);
  const storage = storageFolder();
  const engineVersion = manifest.version;
  const options = { nativeFolder: nativeFolderIn(storage), threads };
  const { opened } = await chooseBackend({ preference: backend, engineVersion, storage, model, options });
  const { label, refused } = opened;
  const session = new Session({ engine: engineVersion, backend: label });
  const base = await session.load(model);
  const info = state ? await session.loadFastState(state) : base;
  if (refused.length) output.note(`Running on ${label} instead: ${refused.join('; ')}`);
  return { session, info, backend: label };
}
