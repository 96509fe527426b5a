import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import type { LevelInfo } from '../protocol/index.ts';
import { OLDEST_VERSION, tablesOf } from './olderSchema.ts';
import { PAGE_CACHE } from './pageCache.ts';
import { damaged, guarded, RunFileError } from './runFileError.ts';
import { checkHeader, RUN_STATUSES, type RunHeader, type RunStatus } from './runHeader.ts';
import { APPLICATION_ID, SCHEMA_VERSION } from './schema.ts';

/** How long a read waits for a writer that is just closing the file, in milliseconds. */
const BUSY_TIMEOUT = 2000;

const CHOOSE = 'Choose a file that Hopescope recorded (*.hoperun).';

/** Opens a run file for reading and checks that it is one, of a version that is read. @throws RunFileError */
export function openRunFile(path: string): { database: DatabaseSync; version: number } {
  checkSignature(path);
  return guarded(path, () => {
    const database = new DatabaseSync(path, { readOnly: true, timeout: BUSY_TIMEOUT });
    try {
      database.exec(`PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; ${PAGE_CACHE}`);
      const version = checkedVersion(database, path);
      checkLength(database, path);
      checkTables(database, path, version);
      return { database, version };
    } catch (error) {
      database.close();
      throw error;
    }
  });
}

/** Before SQLite sees the file: its own messages for these cases name neither the file nor the reason. */
function checkSignature(path: string): void {
  const signature = 'SQLite format 3\0';
  const head = Buffer.alloc(signature.length);
  let bytes: number;
  try {
    const file = openSync(path, 'r');
    try {
      bytes = readSync(file, head);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new RunFileError(`the run file cannot be read (${reason})`, path, CHOOSE, error);
  }
  if (bytes === 0) {
    throw new RunFileError(
      'the file is empty: its recording stopped before it began',
      path,
      'Delete the file and train again.',
    );
  }
  if (head.toString('latin1') !== signature) {
    throw new RunFileError('this is not a run file (it is no SQLite database)', path, CHOOSE);
  }
}

function checkedVersion(database: DatabaseSync, path: string): number {
  const id = database.prepare('PRAGMA application_id').get()?.application_id;
  const version = Number(database.prepare('PRAGMA user_version').get()?.user_version);
  if (id !== APPLICATION_ID) {
    throw new RunFileError(
      'this SQLite database is not a run, or its recording stopped before it began',
      path,
      CHOOSE,
    );
  }
  if (!tablesOf(version)) {
    throw new RunFileError(
      `the run file has version ${version}, this Hopescope reads versions ${OLDEST_VERSION} to ${SCHEMA_VERSION}`,
      path,
      version > SCHEMA_VERSION
        ? 'Update Hopescope, then open the run again.'
        : 'Open it with the Hopescope version that recorded it.',
    );
  }
  return version;
}

/** SQLite rounds the file's length up to whole pages, so it misses that the end of the last one was cut off. */
function checkLength(database: DatabaseSync, path: string): void {
  const sizes = database.prepare(
    'SELECT page_count * page_size AS bytes FROM pragma_page_count, pragma_page_size',
  );
  const bytes = Number(sizes.get()?.bytes);
  // With a log beside it, the file may lawfully be shorter than the database: the log has the rest.
  if ((statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0) return;
  const { size } = statSync(path);
  if (size < bytes) throw damaged(path, `it is cut off: ${size} of ${bytes} bytes are there`);
}

function checkTables(database: DatabaseSync, path: string, version: number): void {
  const definition = database.prepare("SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?");
  for (const [name, sql] of Object.entries(tablesOf(version)!)) {
    if (definition.get(name)?.sql !== sql) {
      throw damaged(path, `table ${name} is missing or not as version ${version} has it`);
    }
  }
}

/** @throws RunFileError when a field is missing or cannot be right. */
export function readHeader(database: DatabaseSync, path: string): RunHeader {
  const row = database.prepare('SELECT * FROM run').get();
  if (!row) throw damaged(path, 'it has no header');
  const levels = database.prepare('SELECT level, name, period FROM levels ORDER BY level').all();
  if (levels.some(({ level }, index) => level !== index)) throw damaged(path, 'a level is missing');
  try {
    return checkHeader({
      runId: row.run_id,
      title: row.title,
      modelName: row.model_name,
      modelHash: row.model_sha256,
      tokenizerHash: row.tokenizer_sha256,
      engineVersion: row.engine_version,
      backend: row.backend,
      createdAt: row.created_at,
      options: JSON.parse(String(row.options)),
      levels: levels.map(({ name, period }) => ({ id: name, period }) as LevelInfo),
      blocks: row.blocks,
      metrics: JSON.parse(String(row.metrics)),
      firstTick: row.first_tick,
      probeInterval: row.probe_interval,
      storageBudget: row.storage_budget,
      ...(row.parent_run_id !== null && {
        parent: {
          runId: row.parent_run_id,
          updates: row.parent_updates,
          change: JSON.parse(String(row.parent_change)),
        },
      }),
    } as RunHeader);
  } catch (error) {
    throw damaged(path, error instanceof Error ? error.message : String(error), error);
  }
}

/** @throws RunFileError on a status that no version writes. */
export function readStatus(database: DatabaseSync, path: string): RunStatus {
  const status = database.prepare('SELECT status FROM run').get()?.status;
  const known = RUN_STATUSES.find(name => name === status);
  if (!known) throw damaged(path, `its status cannot be ${JSON.stringify(status)}`);
  return known;
}
