import { DatabaseSync } from 'node:sqlite';
import { workerData } from 'node:worker_threads';
import { LOG_STATE, type LogThreadData, TURN } from './logState.ts';

/** Copies the log of a run file into the file whenever it is asked to, until it is to leave. */
function serve({ path, state }: LogThreadData): void {
  for (;;) {
    Atomics.wait(state, LOG_STATE.turn, TURN.idle);
    if (Atomics.load(state, LOG_STATE.turn) === TURN.leave) return;
    state[LOG_STATE.logPages] = copyLog(path);
    Atomics.compareExchange(state, LOG_STATE.turn, TURN.asked, TURN.idle);
    Atomics.notify(state, LOG_STATE.turn);
  }
}

/** @returns pages in the log, or 0 where it could not be copied: the recorder then finds out why by itself. */
function copyLog(path: string): number {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path);
    return Number(database.prepare('PRAGMA wal_checkpoint(PASSIVE)').get()?.log ?? 0);
  } catch {
    return 0;
  } finally {
    database?.close();
  }
}

serve(workerData as LogThreadData);
