import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { Worker } from 'node:worker_threads';
import { LOG_STATE, type LogThreadData, TURN } from './logState.ts';

/** Bytes written before the log is copied into the file. */
const COPY_AT = 16 * 2 ** 20;
/** Length of the log from which on it is begun anew, which the recorder has to wait for. */
const RENEW_AT = 32 * 2 ** 20;
/** Bytes written while the thread does not answer, after which the recorder copies the log itself. */
const PATIENCE = 32 * 2 ** 20;
/** How long closing waits for a copy under way, in milliseconds. */
const LAST_WAIT = 5000;

/**
 * Keeps the write-ahead log of a run file short while it is written. SQLite would do that within a commit, where
 * training waits for the disk twice; here a thread copies, and only what came meanwhile is left to the recorder.
 */
export class WriteAheadLog {
  readonly #path: string;
  readonly #database: DatabaseSync;
  readonly #pageSize: number;
  readonly #state = new Int32Array(new SharedArrayBuffer(8));
  #thread: Worker | undefined;
  #written = 0;
  #asked = false;

  /** @param database the recorder's own connection */
  constructor(path: string, database: DatabaseSync) {
    this.#path = path;
    this.#database = database;
    this.#pageSize = Number(database.prepare('PRAGMA page_size').get()?.page_size);
    database.exec('PRAGMA wal_autocheckpoint = 0');
  }

  /** To be called after each commit. @param bytes about as many as it added to the log */
  grown(bytes: number): void {
    this.#written += bytes;
    if (this.#asked) {
      if (Atomics.load(this.#state, LOG_STATE.turn) === TURN.asked) {
        if (this.#written >= PATIENCE) this.#copy();
        return;
      }
      this.#asked = false;
      if (this.#state[LOG_STATE.logPages] * this.#pageSize >= RENEW_AT) this.#copy();
    }
    if (this.#written >= COPY_AT) this.#ask();
  }

  /** Ends the thread, when it has finished what it does. */
  close(): void {
    const { turn } = LOG_STATE;
    if (Atomics.load(this.#state, turn) === TURN.asked) {
      Atomics.wait(this.#state, turn, TURN.asked, LAST_WAIT);
    }
    Atomics.store(this.#state, turn, TURN.leave);
    Atomics.notify(this.#state, turn);
    this.#thread = undefined;
  }

  #ask(): void {
    this.#thread ??= this.#start();
    if (!this.#thread) {
      this.#copy();
      return;
    }
    this.#written = 0;
    this.#asked = true;
    Atomics.store(this.#state, LOG_STATE.turn, TURN.asked);
    Atomics.notify(this.#state, LOG_STATE.turn);
  }

  /** @returns undefined where there is no thread to be had */
  #start(): Worker | undefined {
    const workerData: LogThreadData = { path: this.#path, state: this.#state };
    try {
      // With streams of its own, so that those of the process stay as they are.
      const thread = new Worker(threadFile(), { workerData, stdout: true, stderr: true });
      // It fails only with the file or the machine: then the recorder copies the log once the thread is overdue.
      thread.on('error', () => {});
      thread.unref();
      return thread;
    } catch {
      return undefined;
    }
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

/** The thread beside the bundle, or its source where the engine runs from the sources. */
function threadFile(): string {
  const bundled = join(import.meta.dirname, 'logThread.cjs');
  return existsSync(bundled) ? bundled : join(import.meta.dirname, 'logThread.ts');
}
