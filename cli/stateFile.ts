import { access, constants, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { reasonOf } from '../engine/checkpoint/atomicFile.ts';
import { CheckpointError } from '../engine/checkpoint/checkpointError.ts';
import { readSafetensorsHeader } from '../engine/checkpoint/safetensors.ts';
import { FAST_STATE_FORMAT } from '../engine/session/fastStateFile.ts';

/** @throws CheckpointError when there is no fast state; whether it fits the model is for the session to say. */
export async function checkStateSource(path: string): Promise<void> {
  const remedy = 'Give a file that "hopescope train --out" or the editor wrote.';
  const header = await readSafetensorsHeader(path).catch((error: CheckpointError) => {
    throw new CheckpointError(`is no fast state (${error.message.replace(`${path}: `, '')})`, path, remedy);
  });
  if (header.metadata.format !== FAST_STATE_FORMAT)
    throw new CheckpointError('is no fast state, but another safetensors file', path, remedy);
}

/**
 * Refuses, before the work is done, a file that could not be written after it: its folder must take files, and what
 * is there may only be a fast state or empty, so that no text and no checkpoint is ever overwritten.
 */
export async function checkStateTarget(path: string): Promise<void> {
  const folder = dirname(resolve(path));
  try {
    await access(folder, constants.W_OK);
  } catch (error) {
    const remedy = 'Make the folder, or choose another file.';
    throw new CheckpointError(`cannot be written into ${folder}: ${reasonOf(error)}`, path, remedy);
  }
  const found = await stat(path).catch(() => undefined);
  if (!found || (found.isFile() && found.size === 0)) return;
  if (!found.isFile()) throw new CheckpointError('this is not a file', path, 'Give the path of a file.');
  const header = await readSafetensorsHeader(path).catch(() => undefined);
  if (header?.metadata.format === FAST_STATE_FORMAT) return;
  throw new CheckpointError(
    'exists, is no fast state and is not overwritten',
    path,
    'Choose another file, or delete it first.',
  );
}
