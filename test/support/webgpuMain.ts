// What a WebgpuProcess runs: scenarios on the WebGPU backend, and what can only be looked at beside the device.
import { FastState } from '../../engine/model/fastState.ts';
import { openBackend } from '../../engine/tensor/backend.ts';
import { onBackendLoss } from '../../engine/tensor/backendLoss.ts';
import { tf } from '../../engine/tensor/tf.ts';
import type { HostBackend } from '../../engine/tensor/webgpu/hostBackend.ts';
import { webgpuAdapter } from '../../engine/tensor/webgpu/openWebgpu.ts';
import { OnlineTrainer } from '../../engine/train/onlineTrainer.ts';
import { END_OF_TEXT, smallConfig, smallModels, smallText } from './smallHope.ts';
import { OPTIONS, ticksOf } from './smallTraining.ts';
import { scenarios } from './webgpuScenarios.ts';

/** Submissions and dispatches of every tick, counted at the device. */
async function countSubmissions(
  batch: number,
  plain: boolean,
): Promise<{ submissions: number[]; dispatches: number[] }> {
  const { device } = tf.backend() as unknown as HostBackend;
  const queue = Object.getPrototypeOf(device.queue) as GPUQueue;
  const pass = globalThis.GPUComputePassEncoder.prototype;
  const stock = { submit: queue.submit, dispatch: pass.dispatchWorkgroups };
  const kernels = plain ? removeOurs() : [];
  const before = tf.env().getNumber('WEBGPU_DEFERRED_SUBMIT_BATCH_SIZE');
  tf.env().set('WEBGPU_DEFERRED_SUBMIT_BATCH_SIZE', batch);
  let [submitted, dispatched] = [0, 0];
  queue.submit = function (...args) {
    submitted++;
    return stock.submit.apply(this, args);
  };
  pass.dispatchWorkgroups = function (...args: Parameters<typeof stock.dispatch>) {
    dispatched++;
    return stock.dispatch.apply(this, args);
  };
  const { base } = smallModels(smallConfig());
  const state = new FastState(base);
  const trainer = new OnlineTrainer(state, END_OF_TEXT, OPTIONS);
  const [submissions, dispatches]: number[][] = [[], []];
  try {
    for (const [i, tick] of ticksOf(state, smallText(8)).entries()) {
      [submitted, dispatched] = [0, 0];
      await trainer.step(tick, i);
      submissions.push(submitted);
      dispatches.push(dispatched);
    }
  } finally {
    queue.submit = stock.submit;
    pass.dispatchWorkgroups = stock.dispatch;
    tf.env().set('WEBGPU_DEFERRED_SUBMIT_BATCH_SIZE', before);
    for (const kernel of kernels) tf.registerKernel(kernel);
    state.dispose();
    base.dispose();
  }
  return { submissions, dispatches };
}

/** Takes our own operations away, so that the library's are composed instead. */
function removeOurs(): tf.KernelConfig[] {
  const ours = tf.getKernelsForBackend('webgpu').filter(({ kernelName }) => kernelName.startsWith('Hope'));
  for (const { kernelName } of ours) tf.unregisterKernel(kernelName, 'webgpu');
  return ours;
}

/** What reading says after the device refused an operation. */
async function refuse(): Promise<string> {
  const { device } = tf.backend() as unknown as HostBackend;
  device.createBuffer({ size: 4, usage: 0 });
  return failureOf(tf.add(tf.ones([3]), 1).data());
}

/** What a read under way, a later one and the loss say when the device goes. */
async function lose(): Promise<string[]> {
  const { device } = tf.backend() as unknown as HostBackend;
  const under = failureOf(tf.add(tf.ones([3]), 1).data());
  const lost = new Promise<string>(onBackendLoss);
  device.destroy();
  return [await lost, await under, await failureOf(tf.add(tf.tensor1d([1, 2]), 1).data())];
}

function failureOf(read: Promise<unknown>): Promise<string> {
  return read.then(
    () => 'nothing failed',
    (error: Error) => error.message,
  );
}

const commands: Record<string, (...args: never[]) => unknown> = {
  ...scenarios,
  open: async (webgpuFolder: string) => {
    await openBackend('webgpu', { webgpuFolder });
    return webgpuAdapter();
  },
  countSubmissions,
  refuse,
  lose,
  readAtOnce: () => {
    try {
      return tf.add(tf.ones([2]), 1).dataSync();
    } catch (error) {
      return (error as Error).message;
    }
  },
};

process.on('message', async ({ name, args }: { name: string; args: never[] }) => {
  try {
    const value = await commands[name](...args);
    process.send?.({ value });
  } catch (error) {
    process.send?.({ error: (error as Error).message });
  }
});
