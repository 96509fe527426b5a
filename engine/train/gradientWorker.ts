import { parentPort, workerData } from 'node:worker_threads';
import type { HopeConfig } from '../checkpoint/config.ts';
import type { BackendName } from '../protocol/backend.ts';
import { type BackendOptions, openBackend } from '../tensor/backend.ts';
import { RowGradients, type Rows } from './rowGradients.ts';

/** What a worker computes with. */
export interface WorkerBackend {
  readonly name: BackendName;
  readonly options?: BackendOptions;
}

/** What a worker is started with; both arrays are shared with the trainer. */
export interface GradientWorkerData {
  readonly config: HopeConfig;
  readonly endOfText: number;
  readonly backend: WorkerBackend;
  readonly weights: Float32Array;
  readonly gradient: Float32Array;
}

/** One step's rows for one worker; it answers with the mean loss or an error's text. */
export interface GradientTask extends Rows {
  readonly reset: Float32Array;
}
export type GradientAnswer = { readonly loss: number } | { readonly error: string };

const { config, endOfText, backend, weights, gradient } = workerData as GradientWorkerData;
const ready = openBackend(backend.name, backend.options).then(() => new RowGradients(config, endOfText));
// What it could not open is told when it is asked for something.
ready.catch(() => undefined);

parentPort!.on('message', async (task: GradientTask) => {
  let answer: GradientAnswer;
  try {
    answer = { loss: await (await ready).compute(weights, task, task.reset, gradient) };
  } catch (error) {
    answer = { error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
  parentPort!.postMessage(answer);
});
