import { DatabaseSync } from 'node:sqlite';
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { crc32 } from 'node:zlib';
import { PAGE_CACHE } from './pageCache.ts';
import { KEYFRAME, type KeyframeJob, LOG, PLACE, type WorkerStart } from './workerState.ts';

/** How long a keyframe waits for an update that is being committed, in milliseconds. */
const BUSY_TIMEOUT = 2000;

/** Writes keyframes and copies the log of a run file into the file, whenever it is asked to, until it is to leave. */
function serve({ path, state }: WorkerStart): void {
  for (;;) {
    const bell = Atomics.load(state, PLACE.bell);
    const job = receiveMessageOnPort(parentPort!)?.message as KeyframeJob | undefined;
    if (job) writeKeyframe(path, state, job);
    else if (Atomics.load(state, PLACE.leave)) return;
    else if (Atomics.load(state, PLACE.log) === LOG.asked) {
      state[PLACE.logPages] = copyLog(path);
      tell(state, PLACE.log, LOG.idle);
    } else Atomics.wait(state, PLACE.bell, bell);
  }
}

function tell(state: Int32Array, place: number, value: number): void {
  Atomics.store(state, place, value);
  Atomics.notify(state, place);
}

/** Where it fails nothing is changed: the recorder then writes it itself and finds out why. */
function writeKeyframe(path: string, state: Int32Array, { updates, fastState, dropped }: KeyframeJob): void {
  let database: DatabaseSync | undefined;
  let done: number = KEYFRAME.failed;
  const begun = performance.now();
  try {
    const crc = crc32(fastState);
    database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT });
    database.exec(`${PAGE_CACHE}; PRAGMA wal_autocheckpoint = 0; PRAGMA synchronous = NORMAL`);
    const drop = database.prepare('DELETE FROM keyframes WHERE updates = ?');
    const insert = database.prepare('INSERT INTO keyframes VALUES (?, ?, ?)');
    tell(state, PLACE.keyframe, KEYFRAME.writing);
    database.exec('BEGIN IMMEDIATE');
    for (const at of dropped) drop.run(at);
    insert.run(updates, crc, fastState);
    database.exec('COMMIT');
    done = KEYFRAME.written;
  } catch {
    // Closing rolls back.
  } finally {
    database?.close();
    state[PLACE.microseconds] = Math.min(1e9, 1000 * (performance.now() - begun));
    tell(state, PLACE.keyframe, done);
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

serve(workerData as WorkerStart);
