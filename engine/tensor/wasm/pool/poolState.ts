// What the threads of a pool share beside the memory they compute on. Each word that several threads write has a cache
// line of its own.

/** Places of the words. */
export const WORD = {
  /** Number of the job that may be worked on; 0 for none, `LEAVE` when the threads are to end. */
  open: 0,
  /** The unit that is claimed next. */
  next: 16,
  /** Threads that may be at work on a unit. */
  active: 32,
  /** Threads that must be woken for a job. */
  asleep: 48,
  /** 1 while the one who opened the job sleeps until no thread is active. */
  awaited: 64,
  /** 1 once a thread has ended in the middle of a unit. */
  failed: 80,
  /** Threads that were started and wait for jobs. */
  ready: 96,
  /** From here on, for each thread, 1 + the unit that it is at; 0 for none. */
  claimed: 112,
} as const;

export const LEAVE = -1;
const LINE = 16;

/** Place of the unit that a thread is at. */
export function claimedBy(thread: number): number {
  return WORD.claimed + LINE * thread;
}

/** Numbers of a job: what it is, how many units, where each thread's working memory lies; then its own. */
export const NUMBER = { job: 0, units: 1, work: 2, step: 3, first: 4 } as const;
/** Numbers of its own that a job may have. */
export const MOST_NUMBERS = 252;

/** What a thread is started with. */
export interface KernelThreadData {
  readonly module: object;
  /** The WebAssembly.Memory of the host. */
  readonly memory: object;
  readonly words: Int32Array;
  readonly numbers: Float64Array;
  /** 0 for the first thread. The one who opens jobs has working memory too, before that of the threads. */
  readonly thread: number;
  /** Where the constants of this thread's kernels lie. */
  readonly constants: number;
}

export function sharedWords(threads: number): Int32Array {
  return new Int32Array(new SharedArrayBuffer(4 * claimedBy(threads)));
}

export function sharedNumbers(): Float64Array {
  return new Float64Array(new SharedArrayBuffer(8 * (NUMBER.first + MOST_NUMBERS)));
}

/** Does the units of the open job that nobody has claimed. @param claim told 1 + each unit, and 0 after the last @returns how many */
export function doUnits(
  words: Int32Array,
  units: number,
  run: (unit: number) => void,
  claim?: (unit: number) => void,
): number {
  for (let done = 0; ; done++) {
    const unit = Atomics.add(words, WORD.next, 1);
    if (unit >= units) {
      claim?.(0);
      return done;
    }
    claim?.(unit + 1);
    run(unit);
  }
}
