import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { HopeConfig } from '../checkpoint/config.ts';
import type { Moments } from '../optimizer/adamW.ts';
import type { GradientAnswer, GradientTask, GradientWorkerData, WorkerBackend } from './gradientWorker.ts';
import { RowGradients, type Rows } from './rowGradients.ts';
import { type Descent, dealSpans } from './spans.ts';

/** How a training uses the machine: worker threads (a divisor of the rows) and the file that each runs. */
export interface Workers {
  readonly count: number;
  readonly file: string;
  /**
   * What each computes with, wasm by default. The native backend must be open in the main thread: what TensorFlow reads
   * from the environment is set there.
   */
  readonly backend?: WorkerBackend;
}

/** Mean loss and mean gradient of all rows of a step, from one or several cores. */
export interface GradientSource {
  /** Flat weights, read at each call; the trainer changes them in place. */
  readonly weights: Float32Array;
  compute(rows: Rows, reset: Float32Array): Promise<{ loss: number; gradient: Float32Array }>;
  /** The moments that `descend` steps, zero at first; absent where it is. */
  readonly moments?: Moments;
  /** A step of AdamW on all cores with the gradient that `compute` gave last. */
  descend?(step: Descent): Promise<void>;
  dispose(): Promise<void>;
}

/** All rows in this thread. */
export function singleGradients(config: HopeConfig, endOfText: number): GradientSource {
  const rows = new RowGradients(config, endOfText);
  const weights = new Float32Array(rows.layout.size);
  const gradient = new Float32Array(rows.layout.size);
  return {
    weights,
    compute: async (step, reset) => ({ loss: await rows.compute(weights, step, reset, gradient), gradient }),
    dispose: async () => rows.dispose(),
  };
}

/** Rows dealt out evenly to worker threads, each with a tensor backend of its own. */
export function pooledGradients(
  config: HopeConfig,
  endOfText: number,
  size: number,
  { count, file, backend = { name: 'wasm' } }: Workers,
): GradientSource {
  const shared = () => new Float32Array(new SharedArrayBuffer(size * 4));
  const arrays = { weights: shared(), gradient: shared(), first: shared(), second: shared() };
  const workers = Array.from({ length: count }, () => {
    const gradient = shared();
    const workerData: GradientWorkerData = { config, endOfText, backend, arrays, gradient };
    return { gradient, thread: new Worker(file, { workerData }) };
  });
  const ask = async (thread: Worker, task: GradientTask): Promise<number> => {
    thread.postMessage(task);
    const [answer] = (await once(thread, 'message')) as [GradientAnswer];
    if ('error' in answer) throw new Error(answer.error);
    return answer.loss;
  };
  return {
    weights: arrays.weights,
    moments: arrays,
    compute: async ({ ids, targets }, reset) => {
      const rows = reset.length / count;
      const tokens = ids.length / count;
      const losses = await Promise.all(
        workers.map(({ thread }, i) =>
          ask(thread, {
            ids: ids.slice(i * tokens, (i + 1) * tokens),
            targets: targets.slice(i * tokens, (i + 1) * tokens),
            reset: reset.slice(i * rows, (i + 1) * rows),
          }),
        ),
      );
      mean(
        workers.map(({ gradient }) => gradient),
        arrays.gradient,
      );
      return { loss: losses.reduce((sum, loss) => sum + loss, 0) / count, gradient: arrays.gradient };
    },
    descend: async descent => {
      const shares = dealSpans(descent.spans, count);
      await Promise.all(workers.map(({ thread }, i) => ask(thread, { ...descent, spans: shares[i] })));
    },
    dispose: async () => {
      await Promise.all(workers.map(({ thread }) => thread.terminate()));
    },
  };
}

/** A function of its own: as part of an asynchronous one the loops are not optimised as well. */
function mean(parts: readonly Float32Array[], into: Float32Array): void {
  const share = 1 / parts.length;
  const [first, ...others] = parts;
  for (let i = 0; i < into.length; i++) into[i] = first[i] * share;
  for (const part of others) {
    for (let i = 0; i < into.length; i++) into[i] += part[i] * share;
  }
}
