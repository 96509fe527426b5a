import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { reasonOf } from '../checkpoint/atomicFile.ts';
import { CheckpointError } from '../checkpoint/checkpointError.ts';

const REMEDY =
  'Name a folder with two or more checkpoints of one model, files or folders, whose names have their step.';
const CHECKPOINT = /\.(safetensors|pt|pth|npz|hopestate)$/;
/** What only the folder of a single checkpoint holds. */
const WHOLE = /^config\.json$|\.index\.json$/;
const WEIGHTS = /\.(safetensors|bin|pt|pth|npz)$/;

/**
 * Paths of the snapshots in a folder in the order of their steps: checkpoint files, and folders that hold weights, by
 * name with numbers as numbers. @throws CheckpointError where there are not at least two
 */
export async function snapshotsIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(error => {
    throw new CheckpointError(`cannot be opened: ${reasonOf(error)}`, folder, REMEDY);
  });
  if (entries.some(({ name }) => WHOLE.test(name))) {
    throw new CheckpointError('is the folder of one checkpoint, not of several', folder, REMEDY);
  }
  const names: string[] = [];
  for (const entry of entries) {
    if (entry.isDirectory()) {
      const inside = await readdir(join(folder, entry.name)).catch(() => []);
      if (inside.some(name => WEIGHTS.test(name))) names.push(entry.name);
    } else if (CHECKPOINT.test(entry.name)) names.push(entry.name);
  }
  if (names.length < 2) {
    const count = names.length === 0 ? 'holds no snapshots' : `holds one snapshot only, ${names[0]}`;
    throw new CheckpointError(count, folder, REMEDY);
  }
  const { compare } = new Intl.Collator('en', { numeric: true });
  return names.sort(compare).map(name => join(folder, name));
}
