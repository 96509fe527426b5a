import { join } from 'node:path';
import { type Command, Option } from 'commander';
import manifest from '../../package.json';
import type { ModelInfo } from '../protocol/model.ts';
import { Session } from '../session/session.ts';
import { BACKEND_PREFERENCES, type BackendPreference, openBackend } from '../tensor/backend.ts';
import type { Output } from './output.ts';
import { checkStateSource } from './stateFile.ts';

/** Options of every command that opens a model. */
export interface ModelFlags {
  readonly model?: string;
  readonly state?: string;
  readonly backend: BackendPreference;
  readonly json: boolean;
}

/** The model that comes with Hopescope; the bundle lies in a folder beside `media`. */
const DEFAULT_MODEL = join(import.meta.dirname, '..', 'media', 'hope-mini');

/** A new command with the options of `ModelFlags`. */
export function modelCommand(program: Command, usage: string, description: string): Command {
  const backend = new Option('--backend <name>', 'auto takes the fastest that runs here')
    .choices(BACKEND_PREFERENCES)
    .default('auto');
  return program
    .command(usage)
    .description(description)
    .option('--model <folder>', 'config.json, tokenizer.json, model.safetensors (default: hope-mini)')
    .option('--state <file>', 'start from a fast state that train --out wrote')
    .addOption(backend)
    .option('--json', 'one JSON object on standard output', false);
}

export interface OpenedModel {
  readonly session: Session;
  readonly info: ModelInfo;
  readonly backend: string;
}

/** Opens the backend, the model and the fast state that the options name. @throws CheckpointError */
export async function openModel(
  { model = DEFAULT_MODEL, state, backend }: ModelFlags,
  output: Output,
): Promise<OpenedModel> {
  if (state) await checkStateSource(state);
  const { name, refused } = await openBackend(backend);
  const session = new Session({ engine: manifest.version, backend: name });
  const base = await session.load(model);
  const info = state ? await session.loadFastState(state) : base;
  if (refused.length) output.note(`Running on ${name} instead: ${refused.join('; ')}`);
  return { session, info, backend: name };
}
