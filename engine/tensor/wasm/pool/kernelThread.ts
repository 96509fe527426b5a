import { workerData } from 'node:worker_threads';
import type { Kernels } from '../kernelModule.ts';
import { JOBS } from './jobs.ts';
import { claimedBy, doUnits, type KernelThreadData, LEAVE, NUMBER, WORD } from './poolState.ts';

declare const WebAssembly: {
  Instance: new (module: object, imports: { env: { memory: object } }) => { exports: object };
};

/** How long a thread looks for the next job before it sleeps, in milliseconds: waking it costs as much as a kernel. */
const LOOKING = 1;
/** Looks between two glances at the clock. */
const LOOKS = 200;

/** Number of the next job after `last`, or `LEAVE`. */
function nextJob(words: Int32Array, last: number): number {
  for (;;) {
    const until = performance.now() + LOOKING;
    do {
      for (let look = 0; look < LOOKS; look++) {
        const open = Atomics.load(words, WORD.open);
        if (open !== 0 && open !== last) return open;
      }
    } while (performance.now() < until);
    Atomics.add(words, WORD.asleep, 1);
    Atomics.wait(words, WORD.open, 0);
    Atomics.sub(words, WORD.asleep, 1);
  }
}

/** Works on the jobs of the pool, a unit at a time, until it is to leave or a kernel fails. */
function serve({ module, memory, words, numbers, thread, constants }: KernelThreadData): void {
  const kernels = new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Kernels;
  kernels.fillConstants(constants);
  const own = numbers.subarray(NUMBER.first);
  const claim = (unit: number) => Atomics.store(words, claimedBy(thread), unit);
  Atomics.add(words, WORD.ready, 1);
  Atomics.notify(words, WORD.ready);
  for (let open = nextJob(words, 0); open !== LEAVE; open = nextJob(words, open)) {
    Atomics.add(words, WORD.active, 1);
    try {
      // Only while it is active may a thread read the numbers of a job: until then the next one may be written there.
      if (Atomics.load(words, WORD.open) === open) {
        const job = JOBS[numbers[NUMBER.job]];
        const work = numbers[NUMBER.work] + (thread + 1) * numbers[NUMBER.step];
        doUnits(words, numbers[NUMBER.units], unit => job(kernels, own, unit, work), claim);
      }
    } catch {
      // The unit is done again by the one who opened the job, who meets the same error where it is the kernel's.
      Atomics.store(words, WORD.failed, 1);
      return;
    } finally {
      Atomics.sub(words, WORD.active, 1);
      if (Atomics.load(words, WORD.awaited)) Atomics.notify(words, WORD.active);
    }
  }
}

serve(workerData as KernelThreadData);
