import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { HopeConfig } from '../checkpoint/config.ts';
import type { Moments } from '../optimizer/adamW.ts';
import { sumOfSquares } from './flatArrays.ts';
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

/** Mean loss and mean gradient of all rows of a step, with its norm. */
export interface StepGradient {
  readonly loss: number;
  readonly gradient: Float32Array;
  readonly norm: number;
}

/** Gradients of steps, from one or several cores. */
export interface GradientSource {
  /** Flat weights, read at each call; the trainer changes them in place. */
  readonly weights: Float32Array;
  compute(rows: Rows, reset: Float32Array): Promise<StepGradient>;
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
    compute: async (step, reset) => {
      const loss = await rows.compute(weights, step, reset, gradient);
      return { loss, gradient, norm: Math.sqrt(sumOfSquares(gradient)) };
    },
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
  const gradients = Array.from({ length: count }, shared);
  const workers = gradients.map((_, index) => {
    const workerData: GradientWorkerData = { config, endOfText, backend, arrays, gradients, index };
    return new Worker(file, { workerData });
  });
  const ask = (taskOf: (index: number) => GradientTask): Promise<number[]> =>
    Promise.all(
      workers.map(async (worker, index) => {
        worker.postMessage(taskOf(index));
        const [answer] = (await once(worker, 'message')) as [GradientAnswer];
        if ('error' in answer) throw new Error(answer.error);
        return answer.value;
      }),
    );
  const sum = (values: readonly number[]) => values.reduce((total, each) => total + each, 0);
  /** A worker's share of an array. */
  const share = <T extends Float32Array | Int32Array>(all: T, index: number) =>
    all.slice((index * all.length) / count, ((index + 1) * all.length) / count) as T;
  const bound = (index: number) => Math.floor((index * size) / count);
  return {
    weights: arrays.weights,
    moments: arrays,
    compute: async ({ ids, targets }, reset) => {
      const losses = await ask(i => ({
        ...{ kind: 'rows', ids: share(ids, i), targets: share(targets, i), reset: share(reset, i) },
      }));
      const squares = await ask(i => ({ kind: 'average', from: bound(i), to: bound(i + 1) }));
      return { loss: sum(losses) / count, gradient: arrays.gradient, norm: Math.sqrt(sum(squares)) };
    },
    descend: async descent => {
      const shares = dealSpans(descent.spans, count);
      await ask(i => ({ kind: 'descend', ...descent, spans: shares[i] }));
    },
    dispose: async () => {
      await Promise.all(workers.map(worker => worker.terminate()));
    },
  };
}
