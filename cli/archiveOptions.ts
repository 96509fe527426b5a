import { type Command, InvalidArgumentError } from 'commander';
import type { Archive } from '../engine/archive/archive.ts';
import { namePattern } from '../engine/archive/namePattern.ts';
import { openArchive } from '../engine/archive/openArchive.ts';

/** Levels by patterns of names, as options give them. */
export type LevelFlags = Readonly<Record<string, string>>;

/** Adds `--level PATTERN=LEVEL`, which may be repeated. */
export function withLevels(command: Command): Command {
  return command.option(
    '--level <pattern=level>',
    'level of tensors by name: * within a dotted part, ** over parts, {block} its number (repeat)',
    addLevel,
    {},
  );
}

function addLevel(text: string, known: LevelFlags): LevelFlags {
  const at = text.lastIndexOf('=');
  const pattern = text.slice(0, at);
  const level = text.slice(at + 1);
  if (at < 1 || !/^(memory|projections|cms\.\d{1,3}|outer)$/.test(level)) {
    throw new InvalidArgumentError(
      'It must be PATTERN=LEVEL; levels are memory, projections, cms.0 and so on, outer.',
    );
  }
  try {
    namePattern(pattern);
  } catch (error) {
    throw new InvalidArgumentError(`${(error as Error).message}.`);
  }
  return { ...known, [pattern]: level };
}

/** Opens checkpoints, and closes them when the work on them has ended. */
export async function withArchives<T>(
  paths: readonly string[],
  work: (archives: readonly Archive[]) => Promise<T>,
): Promise<T> {
  const archives: Archive[] = [];
  try {
    for (const path of paths) archives.push(await openArchive(path));
    return await work(archives);
  } finally {
    await Promise.all(archives.map(archive => archive.close()));
  }
}
