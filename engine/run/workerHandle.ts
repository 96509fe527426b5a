import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { KEYFRAME, type KeyframeJob, LEAVE, LOG, PLACE, type WorkerStart } from './workerState.ts';

/** How long the recorder waits for what the worker has begun, in milliseconds: longer than a slow disk takes. */
const PATIENCE = 30_000;

/**
 * The recorder's side of the worker of a run file, which is started when it is first asked for something. It fails
 * only with the file or the machine: whatever it does not do, the recorder does itself.
 */
export class WorkerHandle {
  readonly #path: string;
  readonly #state = new Int32Array(new SharedArrayBuffer(4 * Object.keys(PLACE).length));
  #thread: Worker | undefined;
  #lost = false;
  #counted = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /** Asks for a copy of the log. @returns whether there is a worker to do it */
  copyLog(): boolean {
    if (!this.#started()) return false;
    Atomics.store(this.#state, PLACE.log, LOG.asked);
    this.#ring();
    return true;
  }

  /** Whether the log is still to be copied. */
  get copying(): boolean {
    return Atomics.load(this.#state, PLACE.log) === LOG.asked;
  }

  /** Gives a keyframe to write, once the one before is written. @returns whether there is a worker to do it */
  writeKeyframe(job: KeyframeJob): boolean {
    if (!this.#started()) return false;
    Atomics.store(this.#state, PLACE.keyframe, KEYFRAME.given);
    this.#thread!.postMessage(job);
    this.#ring();
    return true;
  }

  /** Whether the last keyframe is not written yet. */
  get writing(): boolean {
    return Atomics.load(this.#state, PLACE.keyframe) === KEYFRAME.given;
  }

  /** Waits until the worker neither writes nor will write the keyframe. @returns whether it is in the file */
  settleKeyframe(): boolean {
    this.#await(PLACE.keyframe, KEYFRAME.given);
    return Atomics.load(this.#state, PLACE.keyframe) === KEYFRAME.written;
  }

  /** Length of the last keyframe that it wrote, packed. */
  get bytesWritten(): number {
    return Atomics.load(this.#state, PLACE.bytes);
  }

  /** Whether what the recorder writes now would have to wait. */
  get occupied(): boolean {
    return Atomics.load(this.#state, PLACE.occupied) === 1;
  }

  /** Waits until the file is not occupied. */
  settle(): void {
    this.#await(PLACE.occupied, 1);
  }

  /** Seconds that the worker was busy since this was called last. */
  takeSeconds(): number {
    const now = Atomics.load(this.#state, PLACE.microseconds);
    const taken = (now - this.#counted) >>> 0;
    this.#counted = now;
    return taken / 1e6;
  }

  /** Ends the worker, when it has finished what it does; it has then closed the file. */
  close(): void {
    if (!this.#thread) return;
    this.#await(PLACE.log, LOG.asked);
    Atomics.store(this.#state, PLACE.leave, LEAVE.asked);
    this.#ring();
    this.#await(PLACE.leave, LEAVE.asked);
    this.#thread = undefined;
  }

  /** Waits while `place` is `value`; a worker that takes too long is given up. */
  #await(place: number, value: number): void {
    if (this.#lost) return;
    if (Atomics.wait(this.#state, place, value, PATIENCE) !== 'timed-out') return;
    this.#lost = true;
    void this.#thread?.terminate();
    this.#thread = undefined;
  }

  #ring(): void {
    Atomics.add(this.#state, PLACE.bell, 1);
    Atomics.notify(this.#state, PLACE.bell);
  }

  #started(): boolean {
    if (this.#thread || this.#lost) return !this.#lost;
    const workerData: WorkerStart = { path: this.#path, state: this.#state };
    try {
      // With streams of its own, so that those of the process stay as they are.
      this.#thread = new Worker(workerFile(), { workerData, stdout: true, stderr: true });
      this.#thread.on('error', () => {
        this.#lost = true;
      });
      this.#thread.unref();
      return true;
    } catch {
      this.#lost = true;
      return false;
    }
  }
}

/** The worker beside the bundle, or its source where the engine runs from the sources. */
function workerFile(): string {
  const bundled = join(import.meta.dirname, 'runFileWorker.cjs');
  return existsSync(bundled) ? bundled : join(import.meta.dirname, 'runFileWorker.ts');
}
