import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * A folder that looks like a native backend and whose addon runs `code` when it is loaded: what a library does that
 * crashes, hangs or computes wrongly. Node loads a folder with that name as it loads an addon.
 */
export function brokenNative(folder: string, code: string, kernels = ''): string {
  const found = join(folder, 'node_modules', '@tensorflow', 'tfjs-node');
  const binding = join(found, 'lib', 'napi-v8', 'tfjs_binding.node');
  mkdirSync(binding, { recursive: true });
  mkdirSync(join(found, 'dist'));
  writeFileSync(join(found, 'package.json'), '{"name":"@tensorflow/tfjs-node","version":"4.22.0"}');
  writeFileSync(join(binding, 'index.js'), code);
  writeFileSync(join(found, 'dist', 'register_all_kernels.js'), kernels);
  writeFileSync(join(found, 'dist', 'nodejs_kernel_backend.js'), WRONG_BACKEND);
  return folder;
}

/** The plain JavaScript backend under the other name; what `kernels` changes of it is what is wrong. */
const WRONG_BACKEND = `
const tf = require('@tensorflow/tfjs');
exports.NodeJSKernelBackend = function () {
  const backend = tf.findBackend('cpu');
  for (const kernel of tf.getKernelsForBackend('cpu')) {
    if (!tf.getKernel(kernel.kernelName, 'tensorflow')) tf.registerKernel({ ...kernel, backendName: 'tensorflow' });
  }
  return backend;
};
`;

/** A softmax that does not normalise, which the self-test compares. */
export const WRONG_SOFTMAX = `
const tf = require('@tensorflow/tfjs');
tf.registerKernel({
  kernelName: 'Softmax',
  backendName: 'tensorflow',
  kernelFunc: args => tf.getKernel('Exp', 'cpu').kernelFunc({ ...args, inputs: { x: args.inputs.logits } }),
});
`;

/** A logarithm half as large, which the self-test does not use, and every loss does. */
export const WRONG_TICK = `
const tf = require('@tensorflow/tfjs');
const right = tf.getKernel('Log', 'cpu');
tf.registerKernel({
  kernelName: 'Log',
  backendName: 'tensorflow',
  kernelFunc: args => {
    const info = right.kernelFunc(args);
    const values = args.backend.data.get(info.dataId).values;
    for (let i = 0; i < values.length; i++) values[i] /= 2;
    return info;
  },
});
`;
