import { readFile, stat } from 'node:fs/promises';
import { reasonOf } from './atomicFile.ts';
import { CheckpointError } from './checkpointError.ts';
import { parseStrictJson } from './strictJson.ts';

// The largest published tokenizers stay under 40 MB; a config has a few KB.
const longestJson = 2 ** 27;

/** A JSON file of a model. @throws CheckpointError when it is missing, too long or no JSON */
export async function readJson(path: string): Promise<unknown> {
  let bytes: Uint8Array;
  try {
    const found = await stat(path);
    if (!found.isFile()) throw new CheckpointError('this is not a file', path);
    if (found.size > longestJson) {
      throw new CheckpointError(`has ${found.size} bytes; at most ${longestJson} are read`, path);
    }
    bytes = await readFile(path);
  } catch (error) {
    if (error instanceof CheckpointError) throw error;
    throw new CheckpointError(`cannot be read: ${reasonOf(error)}`, path);
  }
  try {
    return parseStrictJson(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    const reason = error instanceof SyntaxError ? error.message : 'it is not UTF-8 text';
    throw new CheckpointError(`is not valid JSON: ${reason}`, path);
  }
}
