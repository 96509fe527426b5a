import { DatabaseSync } from 'node:sqlite';
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import type { Keyframe } from './keyframe.ts';
import { KeyframeReader } from './keyframeReader.ts';
import { KeyframeWriter } from './keyframeWriter.ts';
import { KEYFRAME, type KeyframeJob, LEAVE, LOG, PLACE, RENEW_AT, type WorkerStart } from './workerState.ts';

/** How long a keyframe waits for an update that is being committed, in milliseconds. */
const BUSY_TIMEOUT = 2000;

const { path, state } = workerData as WorkerStart;
/**
 * Pages in memory, in kB, before they are written. More memory, for the whole keyframe, would be given back to the
 * operating system after each, and to get it again takes longer than the writing.
 */
const CACHE = 4000;
/** A run file that is open. */
interface OpenFile {
  readonly database: DatabaseSync;
  readonly keyframes: KeyframeWriter;
}
/** Stays open for the same reason. */
let opened: OpenFile | undefined;
/** What the run began with, which keyframes are packed against; read when the first of them is written. */
let first: Keyframe | undefined;

/** Writes keyframes and copies the log of a run file into the file, whenever it is asked to, until it is to leave. */
function serve(): void {
  for (;;) {
    const bell = Atomics.load(state, PLACE.bell);
    const job = receiveMessageOnPort(parentPort!)?.message as KeyframeJob | undefined;
    if (job) tell(PLACE.keyframe, timed(() => writeKeyframe(job)) ? KEYFRAME.written : KEYFRAME.failed);
    else if (Atomics.load(state, PLACE.leave) === LEAVE.asked) {
      opened?.database.close();
      tell(PLACE.leave, LEAVE.left);
      return;
    } else if (Atomics.load(state, PLACE.log) === LOG.asked) {
      timed(copyLog);
      tell(PLACE.log, LOG.idle);
    } else Atomics.wait(state, PLACE.bell, bell);
  }
}

function tell(place: number, value: number): void {
  Atomics.store(state, place, value);
  Atomics.notify(state, place);
}

/** Counts what the action takes before anyone is told that it is done. */
function timed<T>(action: () => T): T {
  const begun = performance.now();
  const result = action();
  Atomics.add(state, PLACE.microseconds, Math.round(1000 * (performance.now() - begun)));
  return result;
}

/** Does what the recorder's own transactions would have to wait for; they are put off until it is done. */
function occupying(action: () => void): void {
  tell(PLACE.occupied, 1);
  try {
    action();
  } finally {
    tell(PLACE.occupied, 0);
  }
}

/**
 * Where it fails nothing is changed: the recorder then writes it itself and finds out why. The first keyframe is the
 * recorder's; others are packed against it.
 */
function writeKeyframe({ dropped, packed, ...keyframe }: KeyframeJob): boolean {
  return withFile(({ database, keyframes }) => {
    if (packed) first ??= firstOf(database);
    const against = packed && first && first.updates < keyframe.updates ? first : undefined;
    occupying(() => {
      database.exec('BEGIN IMMEDIATE');
      for (const at of dropped) keyframes.drop(at);
      Atomics.store(state, PLACE.bytes, keyframes.insert(keyframe, against));
      database.exec('COMMIT');
    });
  });
}

/** @throws RunFileError where it is damaged */
function firstOf(database: DatabaseSync): Keyframe | undefined {
  const updates = database.prepare('SELECT min(updates) AS updates FROM keyframes').get()?.updates;
  if (typeof updates !== 'number') return undefined;
  return new KeyframeReader(database, path, false).read(updates);
}

/**
 * Where it fails nothing is lost: the log grows until the recorder copies it itself. A long log begins anew when there
 * is a moment in which nothing of it is left to copy, so what came while it was copied is copied once more.
 */
function copyLog(): void {
  withFile(({ database }) => {
    const copy = database.prepare('PRAGMA wal_checkpoint(PASSIVE)');
    const pageSize = Number(database.prepare('PRAGMA page_size').get()?.page_size);
    const { log, checkpointed } = copy.get() ?? {};
    if (Number(log) * pageSize < RENEW_AT || Number(checkpointed) < 0) return;
    occupying(() => copy.get());
  });
}

/** @returns whether `action` did not fail; what it had begun is rolled back then */
function withFile(action: (file: OpenFile) => void): boolean {
  try {
    opened ??= open();
    action(opened);
    return true;
  } catch {
    opened?.database.close();
    opened = undefined;
    return false;
  }
}

function open(): OpenFile {
  const database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT });
  database.exec(`PRAGMA cache_size = -${CACHE}; PRAGMA wal_autocheckpoint = 0; PRAGMA synchronous = NORMAL`);
  return { database, keyframes: new KeyframeWriter(database) };
}

serve();
