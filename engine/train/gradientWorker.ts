import { parentPort, workerData } from 'node:worker_threads';
import type { HopeConfig } from '../checkpoint/config.ts';
import type { BackendName } from '../protocol/backend.ts';
import { type BackendOptions, openBackend } from '../tensor/backend.ts';
import { average, sumOfSquares } from './flatArrays.ts';
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
  /** Gradients of the rows of each worker, and which is this one's. */
  readonly gradients: readonly Float32Array[];
  readonly index: number;
}

/** What a worker is asked for. */
export type GradientTask =
  /** Loss and gradient of rows; the answer is the mean loss. */
  | ({ readonly kind: 'rows'; readonly reset: Float32Array } & Rows)
  /** A part of the mean of all workers' gradients; the answer is its Σ g². */
  | { readonly kind: 'average'; readonly from: number; readonly to: number }
  | ({ readonly kind: 'descend' } & Descent);
/** A number, or an error's text. */
export type GradientAnswer = { readonly value: number } | { readonly error: string };

const { config, endOfText, backend, arrays, gradients, index } = workerData as GradientWorkerData;
const ready = openBackend(backend.name, backend.options).then(() => new RowGradients(config, endOfText));
// What it could not open is told when it is asked for something.
ready.catch(() => undefined);

async function run(task: GradientTask): Promise<number> {
  const rows = await ready;
  switch (task.kind) {
    case 'rows':
      return rows.compute(arrays.weights, task, task.reset, gradients[index]);
    case 'average': {
      const part = (flat: Float32Array) => flat.subarray(task.from, task.to);
      average(gradients.map(part), part(arrays.gradient));
      return sumOfSquares(part(arrays.gradient));
    }
    case 'descend':
      stepSpans(arrays, task);
      return 0;
    default:
      return task satisfies never;
  }
}

parentPort!.on('message', async (task: GradientTask) => {
  let answer: GradientAnswer;
  try {
    answer = { value: await run(task) };
  } catch (error) {
    answer = { error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
  parentPort!.postMessage(answer);
});
