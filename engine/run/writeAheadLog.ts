import type { DatabaseSync } from 'node:sqlite';
import type { WorkerHandle } from './workerHandle.ts';

/** Bytes written before the log is copied into the file. */
const COPY_AT = 16 * 2 ** 20;
/** Bytes written while the worker does not answer, after which the recorder copies the log itself. */
const PATIENCE = 64 * 2 ** 20;

/**
 * Keeps the write-ahead log of a run file short while it is written. SQLite would do that within a commit, where
 * training waits for the disk twice; here a worker copies.
 */
export class WriteAheadLog {
  readonly #worker: WorkerHandle;
  readonly #database: DatabaseSync;
  #written = 0;
  #asked = false;

  /** @param database the recorder's own connection */
  constructor(worker: WorkerHandle, database: DatabaseSync) {
    this.#worker = worker;
    this.#database = database;
    database.exec('PRAGMA wal_autocheckpoint = 0');
  }

  /** To be called after each commit. @param bytes about as many as it added to the log */
  grown(bytes: number): void {
    this.#written += bytes;
    if (this.#asked) {
      if (this.#worker.copying) {
        if (this.#written >= PATIENCE) this.#copy();
        return;
      }
      this.#asked = false;
    }
    if (this.#written >= COPY_AT) this.#ask();
  }

  #ask(): void {
    if (!this.#worker.copyLog()) {
      this.#copy();
      return;
    }
    this.#written = 0;
    this.#asked = true;
  }

  #copy(): void {
    this.#written = 0;
    try {
      this.#database.exec('PRAGMA wal_checkpoint(PASSIVE)');
    } catch {
      // What was committed is safe in the log.
    }
  }
}
