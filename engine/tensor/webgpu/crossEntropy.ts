import type { KernelConfig, TensorInfo } from '#tfjs';
import type { HostBackend } from './hostBackend.ts';
import { dispatch, type Program, sizeOf, workgroupsFor } from './program.ts';
import { rowReduction } from './rowReduction.ts';

/** A workgroup a row: the largest logit, then Σ exp(logit − largest). A label out of range gives NaN. */
const forward: Program = {
  name: 'HopeCrossEntropy',
  outputs: ['loss', 'normalizer'],
  inputs: ['logits', 'labels'],
  integers: ['width', 'notANumber'],
  threads: 64,
  functions: rowReduction,
  body: `
    let row = group * uniforms.width;
    var largest = logits[row];
    for (var i = thread; i < uniforms.width; i += threads) { largest = max(largest, logits[row + i]); }
    largest = reduceMax(largest, thread);
    var sum = 0.0;
    for (var i = thread; i < uniforms.width; i += threads) { sum += exp(logits[row + i] - largest); }
    sum = reduceSum(sum, thread);
    if (thread == 0u) {
      let label = labels[group];
      let shifted = log(sum);
      normalizer[group] = largest + shifted;
      loss[group] = bitcast<f32>(uniforms.notANumber);
      if (label >= 0 && u32(label) < uniforms.width) { loss[group] = shifted + (largest - logits[row + u32(label)]); }
    }`,
};

const gradient: Program = {
  name: 'HopeCrossEntropyGrad',
  outputs: ['out'],
  inputs: ['logits', 'labels', 'normalizer', 'dy'],
  integers: ['width', 'size'],
  threads: 64,
  body: `
    let at = group * threads + thread;
    if (at < uniforms.size) {
      let row = at / uniforms.width;
      let isLabel = select(0.0, 1.0, i32(at % uniforms.width) == labels[row]);
      out[at] = dy[row] * (exp(logits[at] - normalizer[row]) - isLabel);
    }`,
};

/** Cross entropy of logits [N, V] with int32 labels [N] and its gradient, one dispatch each. */
export function crossEntropyKernels(): KernelConfig[] {
  return [
    {
      kernelName: forward.name,
      backendName: 'webgpu',
      kernelFunc: ({ inputs, backend }) => {
        const { logits, labels } = inputs as Record<string, TensorInfo>;
        const [rows, width] = logits.shape;
        return dispatch(backend as HostBackend, forward, {
          outputs: [{ shape: [rows] }, { shape: [rows] }],
          inputs: [logits, labels],
          uniforms: { width, notANumber: 0x7fc00000 },
          workgroups: rows,
        });
      },
    },
    {
      kernelName: gradient.name,
      backendName: 'webgpu',
      kernelFunc: ({ inputs, backend }) => {
        const { logits, labels, normalizer, dy } = inputs as Record<string, TensorInfo>;
        const size = sizeOf(logits.shape);
        const [out] = dispatch(backend as HostBackend, gradient, {
          outputs: [{ shape: logits.shape }],
          inputs: [logits, labels, normalizer, dy],
          uniforms: { width: logits.shape[1], size },
          workgroups: workgroupsFor(gradient, size),
        });
        return out;
      },
    },
  ];
}
