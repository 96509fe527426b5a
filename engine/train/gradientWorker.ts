import { parentPort, workerData } from 'node:worker_threads';
import type { HopeConfig } from '../checkpoint/config.ts';
import type { BackendName } from '../protocol/backend.ts';
import { type BackendOptions, openBackend } from '../tensor/backend.ts';
import { RowGradients, type Rows } from './rowGradients.ts';
import { type Descent, type SpanArrays, stepSpans } from './spans.ts';

/** What a worker computes with. */
export interface WorkerBackend {
  readonly name: BackendName;
  readonly options?: BackendOptions;
}

/** What a worker is started with; all arrays are shared with the trainer and the other workers. */
export interface GradientWorkerData {
  readonly config: HopeConfig;
  readonly endOfText: number;
  readonly backend: WorkerBackend;
  /** Weights, moments and the gradient to step with. */
  readonly arrays: SpanArrays;
  /** Where the gradient of the worker's own rows goes. */
  readonly gradient: Float32Array;
}

/** One step's rows for one worker, which answers with their mean loss, or parts of the weights to step. */
export type GradientTask = (Rows & { readonly reset: Float32Array }) | Descent;
export type GradientAnswer = { readonly loss: number } | { readonly error: string };

const { config, endOfText, backend, arrays, gradient } = workerData as GradientWorkerData;
const ready = openBackend(backend.name, backend.options).then(() => new RowGradients(config, endOfText));
// What it could not open is told when it is asked for something.
ready.catch(() => undefined);

async function run(task: GradientTask): Promise<number> {
  const rows = await ready;
  if ('ids' in task) return rows.compute(arrays.weights, task, task.reset, gradient);
  stepSpans(arrays, task);
  return Number.NaN;
}

parentPort!.on('message', async (task: GradientTask) => {
  let answer: GradientAnswer;
  try {
    answer = { loss: await run(task) };
  } catch (error) {
    answer = { error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
  parentPort!.postMessage(answer);
});
