import { closeSync, openSync, rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { PAGE_CACHE } from './pageCache.ts';
import { guarded, RunFileError } from './runFileError.ts';
import { checkHeader, type RunHeader } from './runHeader.ts';
import { APPLICATION_ID, CREATE_ALL, SCHEMA_VERSION } from './schema.ts';

/** Keyframes of megabytes are written with half the work that pages half as long take; updates with as much. */
const PAGE_SIZE = 32_768;

/** How long a write waits for another program that holds the file's write lock, in milliseconds. */
const BUSY_TIMEOUT = 2000;

/**
 * Creates a run file that holds its header and no update, and leaves it open for writing.
 * @throws RunFileError when the path is taken or cannot be written; no new file is left there.
 * @throws TypeError on a header that cannot be right.
 */
export function createRunFile(path: string, header: RunHeader): DatabaseSync {
  checkHeader(header);
  reserve(path);
  let database: DatabaseSync | undefined;
  try {
    return guarded(path, () => {
      database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT });
      initialize(database, path, header);
      return database;
    });
  } catch (error) {
    database?.close();
    for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(path + suffix, { force: true });
    throw error;
  }
}

/** Takes the path in one step, so that of two writers one is refused. */
function reserve(path: string): void {
  try {
    closeSync(openSync(path, 'wx'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') {
      throw new RunFileError(
        'a file of this name exists and is not overwritten',
        path,
        'Choose another name, or delete the file first.',
        error,
      );
    }
    const reason = error instanceof Error ? error.message : String(error);
    throw new RunFileError(
      `the run file cannot be created (${reason})`,
      path,
      'Check that its folder exists and may be written to.',
      error,
    );
  }
}

function initialize(database: DatabaseSync, path: string, header: RunHeader): void {
  database.exec(`PRAGMA page_size = ${PAGE_SIZE}; ${PAGE_CACHE}`);
  // Until the file holds something there is nothing to protect; each sync would delay the first update.
  database.exec('PRAGMA synchronous = OFF');
  const mode = database.prepare('PRAGMA journal_mode = WAL').get()?.journal_mode;
  if (mode !== 'wal') {
    throw new RunFileError(
      `the file system offers no shared memory, so the run cannot be written safely (journal mode ${mode})`,
      path,
      'Keep runs in a folder on a local disk.',
    );
  }
  database.exec('BEGIN IMMEDIATE');
  database.exec(
    `PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${SCHEMA_VERSION}; ${CREATE_ALL}`,
  );
  insertHeader(database, header);
  database.exec('COMMIT');
  // A commit reaches the operating system before `append` returns, so a killed process loses nothing; NORMAL
  // adds a sync before each checkpoint, so a power cut may cost the last moments but never the file.
  database.exec('PRAGMA synchronous = NORMAL');
  // So that a copy of the file alone is a run too, if one without the last updates.
  database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
}

function insertHeader(database: DatabaseSync, header: RunHeader): void {
  database
    .prepare(`INSERT INTO run VALUES (1, ${'?, '.repeat(17)}'running', NULL)`)
    .run(
      header.runId,
      header.title,
      header.modelName,
      header.modelHash,
      header.tokenizerHash,
      header.engineVersion,
      header.backend,
      header.createdAt,
      header.blocks,
      JSON.stringify(header.options),
      JSON.stringify(header.metrics),
      header.firstTick,
      header.probeInterval,
      header.storageBudget,
      header.parent?.runId ?? null,
      header.parent?.updates ?? null,
      header.parent ? JSON.stringify(header.parent.change) : null,
    );
  const level = database.prepare('INSERT INTO levels VALUES (?, ?, ?)');
  header.levels.forEach(({ id, period }, index) => {
    level.run(index, id, period);
  });
}
