import type { KernelConfig, TensorInfo } from '#tfjs';
import type { HostBackend } from './hostBackend.ts';
import { dispatch, type Program, workgroupsFor } from './program.ts';
import { rowReduction } from './rowReduction.ts';

/** A workgroup a row; the mean and 1/σ of each are kept for the gradient. */
const forward: Program = {
  name: 'HopeLayerNorm',
  outputs: ['y', 'means', 'scales'],
  inputs: ['x', 'weight', 'bias'],
  integers: ['width'],
  reals: ['epsilon'],
  threads: 64,
  functions: rowReduction,
  body: `
    let row = group * uniforms.width;
    var sum = 0.0;
    for (var i = thread; i < uniforms.width; i += threads) { sum += x[row + i]; }
    let mean = reduceSum(sum, thread) / f32(uniforms.width);
    var squares = 0.0;
    for (var i = thread; i < uniforms.width; i += threads) {
      let centred = x[row + i] - mean;
      squares += centred * centred;
    }
    let scale = inverseSqrt(reduceSum(squares, thread) / f32(uniforms.width) + uniforms.epsilon);
    for (var i = thread; i < uniforms.width; i += threads) {
      y[row + i] = (x[row + i] - mean) * scale * weight[i] + bias[i];
    }
    if (thread == 0u) {
      means[group] = mean;
      scales[group] = scale;
    }`,
};

/** ∂/∂x = (g − mean(g) − x̂ · mean(g x̂)) / σ with g = dy · weight, a workgroup a row. */
const inputGradient: Program = {
  name: 'HopeLayerNormGrad',
  outputs: ['dx'],
  inputs: ['x', 'weight', 'means', 'scales', 'dy'],
  integers: ['width'],
  threads: 64,
  functions: rowReduction,
  body: `
    let row = group * uniforms.width;
    let mean = means[group];
    let scale = scales[group];
    var sum = 0.0;
    var along = 0.0;
    for (var i = thread; i < uniforms.width; i += threads) {
      let g = dy[row + i] * weight[i];
      sum += g;
      along += g * (x[row + i] - mean) * scale;
    }
    sum = reduceSum(sum, thread) / f32(uniforms.width);
    along = reduceSum(along, thread) / f32(uniforms.width);
    for (var i = thread; i < uniforms.width; i += threads) {
      let normed = (x[row + i] - mean) * scale;
      dx[row + i] = (dy[row + i] * weight[i] - sum - normed * along) * scale;
    }`,
};

/** Σ over rows of dy · x̂ and of dy, a thread a column. */
const weightGradient: Program = {
  name: 'HopeLayerNormWeightGrad',
  outputs: ['dWeight', 'dBias'],
  inputs: ['x', 'means', 'scales', 'dy'],
  integers: ['rows', 'width'],
  threads: 64,
  body: `
    let i = group * threads + thread;
    if (i < uniforms.width) {
      var along = 0.0;
      var sum = 0.0;
      for (var row = 0u; row < uniforms.rows; row++) {
        let at = row * uniforms.width + i;
        along += dy[at] * (x[at] - means[row]) * scales[row];
        sum += dy[at];
      }
      dWeight[i] = along;
      dBias[i] = sum;
    }`,
};

/** Layer norm of x [N, D] in one dispatch, and its gradient in two; inputs and outputs as engine/tensor/norm.ts has them. */
export function layerNormKernels(): KernelConfig[] {
  return [
    {
      kernelName: forward.name,
      backendName: 'webgpu',
      kernelFunc: ({ inputs, attrs, backend }) => {
        const { x, weight, bias } = inputs as Record<string, TensorInfo>;
        const { epsilon } = attrs as unknown as { epsilon: number };
        const [rows, width] = x.shape;
        return dispatch(backend as HostBackend, forward, {
          outputs: [{ shape: x.shape }, { shape: [rows] }, { shape: [rows] }],
          inputs: [x, weight, bias],
          uniforms: { width, epsilon },
          workgroups: rows,
        });
      },
    },
    {
      kernelName: inputGradient.name,
      backendName: 'webgpu',
      kernelFunc: ({ inputs, backend: any }) => {
        const backend = any as HostBackend;
        const { x, weight, means, scales, dy } = inputs as Record<string, TensorInfo>;
        const [rows, width] = x.shape;
        const [dx] = dispatch(backend, inputGradient, {
          outputs: [{ shape: x.shape }],
          inputs: [x, weight, means, scales, dy],
          uniforms: { width },
          workgroups: rows,
        });
        const ofWeights = dispatch(backend, weightGradient, {
          outputs: [{ shape: [width] }, { shape: [width] }],
          inputs: [x, means, scales, dy],
          uniforms: { rows, width },
          workgroups: workgroupsFor(weightGradient, width),
        });
        return [dx, ...ofWeights];
      },
    },
  ];
}
