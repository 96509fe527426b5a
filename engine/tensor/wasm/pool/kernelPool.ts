import { Worker } from 'node:worker_threads';
import type { Kernels } from '../kernelModule.ts';
import { Benefit } from './benefit.ts';
import { JOBS, type JobName, placeOf } from './jobs.ts';
import {
  claimedBy,
  doUnits,
  type KernelThreadData,
  LEAVE,
  MOST_NUMBERS,
  NUMBER,
  sharedNumbers,
  sharedWords,
  WORD,
} from './poolState.ts';

/** What threads compute on. */
export interface PoolHost {
  /** Of this thread. */
  readonly kernels: Kernels;
  readonly module: object;
  readonly memory: object;
  /** Where the constants of each thread's kernels lie, one address a thread. */
  readonly constants: readonly number[];
}

export interface PoolOptions {
  /** Milliseconds that a thread may take for a unit before it is given up. */
  readonly patience?: number;
  /** Shares whether it saves time or not. */
  readonly always?: boolean;
  /** Milliseconds that the threads may take to start. */
  readonly startLimit?: number;
  /** Told once why the pool does not work any more; everything is computed on one core from then on. */
  onLoss?(reason: string): void;
}

const PATIENCE = 10_000;
const START_LIMIT = 5000;
/** Looks at the threads' state before this one sleeps until they are done. */
const LOOKS = 4000;

/**
 * Threads that compute units of a kernel beside the thread that calls it. Units are claimed one by one, so that a thread
 * that is late takes none; the caller returns when all of them are done. Threads keep no process alive.
 */
export class KernelPool {
  readonly #host: PoolHost;
  readonly #options: PoolOptions;
  readonly #words: Int32Array;
  readonly #numbers = sharedNumbers();
  readonly #own: Float64Array;
  readonly #benefit = new Benefit();
  #threads: Worker[] = [];
  #job = 0;

  private constructor(host: PoolHost, options: PoolOptions) {
    this.#host = host;
    this.#options = options;
    this.#words = sharedWords(host.constants.length);
    this.#own = this.#numbers.subarray(NUMBER.first);
  }

  /** Starts a thread for each address of constants. @throws Error when they do not start */
  static async start(file: string, host: PoolHost, options: PoolOptions = {}): Promise<KernelPool> {
    const pool = new KernelPool(host, options);
    const words = pool.#words;
    const { module, memory, constants } = host;
    let reason = 'they did not start in time';
    pool.#threads = constants.map((address, thread) => {
      const workerData: KernelThreadData = {
        module,
        memory,
        words,
        numbers: pool.#numbers,
        thread,
        constants: address,
      };
      // With streams of its own, so that those of the process stay as they are.
      const worker = new Worker(file, { workerData, stdout: true, stderr: true });
      worker.on('error', error => {
        reason = error.message;
        pool.#lose(error.message);
      });
      worker.on('exit', code => pool.#lose(`it ended with code ${code}`));
      return worker;
    });
    const end = performance.now() + (options.startLimit ?? START_LIMIT);
    while (pool.#threads.length > 0 && Atomics.load(words, WORD.ready) < constants.length) {
      if (performance.now() > end) pool.close();
      else await new Promise(resolve => setTimeout(resolve, 2));
    }
    if (pool.#threads.length === 0) throw new Error(`Kernel threads: ${reason}`);
    for (const worker of pool.#threads) worker.unref();
    return pool;
  }

  /** Threads beside the calling one; 0 once the pool is lost or closed. */
  get size(): number {
    return this.#threads.length;
  }

  /** The threads themselves, none once the pool is lost or closed. */
  get threads(): readonly Worker[] {
    return this.#threads;
  }

  /** Whether a job should be run here: it has few enough numbers, and sharing has saved time of late. */
  takes(numbers: readonly number[]): boolean {
    if (this.size === 0 || numbers.length > MOST_NUMBERS) return false;
    return this.#options.always || this.#benefit.isExpected(performance.now());
  }

  /**
   * Does all units of a job. @param work working memory: of the calling thread, then of each other, `step` bytes apart
   * @throws what the kernel throws
   */
  run(job: JobName, numbers: readonly number[], units: number, work: number, step: number): void {
    const words = this.#words;
    const { kernels } = this.#host;
    const start = performance.now();
    const run = (unit: number) => JOBS[this.#numbers[NUMBER.job]](kernels, this.#own, unit, work);
    this.#numbers[NUMBER.job] = placeOf(job);
    this.#numbers[NUMBER.units] = units;
    this.#numbers[NUMBER.work] = work;
    this.#numbers[NUMBER.step] = step;
    this.#own.set(numbers);
    Atomics.store(words, WORD.next, 0);
    this.#job = (this.#job % 1e9) + 1;
    Atomics.store(words, WORD.open, this.#job);
    if (Atomics.load(words, WORD.asleep) > 0) Atomics.notify(words, WORD.open);
    let [done, own] = [0, 0];
    let lost: readonly number[] = [];
    try {
      done = doUnits(words, units, run);
      own = performance.now() - start;
    } finally {
      Atomics.store(words, WORD.open, 0);
      lost = this.#wait();
    }
    const end = performance.now();
    if (done > 0) this.#benefit.record(end, (own * units) / done, end - start);
    for (const unit of lost) run(unit);
  }

  /** Lets the threads end. */
  close(): void {
    const threads = this.#threads;
    this.#threads = [];
    Atomics.store(this.#words, WORD.open, LEAVE);
    Atomics.notify(this.#words, WORD.open);
    // Ends one that is stuck, too; nothing waits for it.
    for (const worker of threads) void worker.terminate();
  }

  /** Until no thread is at a unit. @returns the units that none will end; the pool is lost then */
  #wait(): number[] {
    const words = this.#words;
    const inTime = this.#idleInTime();
    if (inTime && Atomics.load(words, WORD.failed) === 0) return [];
    const claimed = this.#threads.map((_, thread) => Atomics.load(words, claimedBy(thread)) - 1);
    this.#lose(inTime ? 'a kernel failed in it' : 'it did not end a kernel in time');
    return claimed.filter(unit => unit >= 0);
  }

  #idleInTime(): boolean {
    const words = this.#words;
    for (let look = 0; look < LOOKS; look++) if (Atomics.load(words, WORD.active) === 0) return true;
    const end = performance.now() + (this.#options.patience ?? PATIENCE);
    // Asleep rather than looking: on a busy machine the thread may be waiting for this very core.
    Atomics.store(words, WORD.awaited, 1);
    for (;;) {
      const active = Atomics.load(words, WORD.active);
      const left = end - performance.now();
      if (active === 0 || left <= 0) {
        Atomics.store(words, WORD.awaited, 0);
        return active === 0;
      }
      Atomics.wait(words, WORD.active, active, left);
    }
  }

  #lose(reason: string): void {
    if (this.#threads.length === 0) return;
    this.close();
    this.#options.onLoss?.(`A kernel thread was lost: ${reason}. The rest is computed on one core.`);
  }
}
