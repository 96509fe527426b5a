import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BackendName, BackendPreference } from '../engine/protocol/backend.ts';
import { lackOfStates } from '../engine/run/index.ts';
import { EngineError } from '../engine/session/engineError.ts';
import { withRun } from '../engine/session/runReading.ts';
import type { Session } from '../engine/session/session.ts';
import { DEFAULT_MODEL, openModel } from './modelOptions.ts';
import type { Output } from './output.ts';

/** What opens the backend that a run was made with, by its label. */
const NAMES: Readonly<Record<string, BackendName>> = {
  ...{ wasm: 'wasm', cpu: 'cpu', WebGPU: 'webgpu' },
  ...{ CUDA: 'tensorflow', 'TensorFlow CPU': 'tensorflow' },
};

/** The model of a run, or why its states cannot be had, one or two sentences. */
export type ModelOfRun = { readonly session: Session } | { readonly unavailable: string };

/**
 * Opens the model that a run was made with, on the backend that it was made on: the folder named, or the model that
 * comes with Hopescope where it is that one. @throws EngineError where the folder named holds another model
 */
export async function modelOfRun(
  path: string,
  { model, backend }: { readonly model?: string; readonly backend?: BackendPreference },
  output: Output,
): Promise<ModelOfRun> {
  const header = await withRun(path, reader => reader.header);
  const lack = lackOfStates(header);
  if (lack) return { unavailable: lack };
  if (model === undefined && (await hashOf(DEFAULT_MODEL)) !== header.modelHash) {
    return {
      unavailable: `They need the model “${header.modelName}” that it was made with. Name its folder with --model.`,
    };
  }
  const usedBackend = backend ?? NAMES[header.backend] ?? 'auto';
  const flags = { model, backend: usedBackend, threads: 'auto' as const, json: false };
  let session: Session;
  try {
    ({ session } = await openModel(flags, output));
  } catch (error) {
    // What the user named is refused; what was only tried is told of.
    if (model !== undefined || backend !== undefined) throw error;
    return { unavailable: error instanceof Error ? error.message : String(error) };
  }
  const { unavailable } = await session.describeRun(path);
  if (unavailable === undefined) return { session };
  session.dispose();
  if (model !== undefined || backend !== undefined) {
    throw new EngineError('bad-input', `${path}: ${unavailable}`, 'Name others with --model and --backend.');
  }
  return { unavailable };
}

/** SHA-256 of a model's weights; undefined where there are none. */
async function hashOf(folder: string): Promise<string | undefined> {
  try {
    return createHash('sha256')
      .update(await readFile(join(folder, 'model.safetensors')))
      .digest('hex');
  } catch {
    return undefined;
  }
}
