import type { KernelConfig, TensorInfo } from '#tfjs';
import type { HostBackend } from './hostBackend.ts';
import { dispatch, type Program, workgroupsFor } from './program.ts';
import { rowReduction } from './rowReduction.ts';

/** A workgroup a row; `stats` keeps the mean and 1/σ of each for the gradient. */
const forward: Program = {
  name: 'HopeLayerNorm',
  outputs: ['y', 'stats'],
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
      stats[2u * group] = mean;
      stats[2u * group + 1u] = scale;
    }`,
};

/** ∂/∂x = (g − mean(g) − x̂ · mean(g x̂)) / σ with g = dy · weight, a workgroup a row. */
const inputGradient: Program = {
  name: 'HopeLayerNormGrad',
  outputs: ['dx'],
  inputs: ['x', 'weight', 'stats', 'dy'],
  integers: ['width'],
  threads: 64,
  functions: rowReduction,
  body: `
    let row = group * uniforms.width;
    let mean = stats[2u * group];
    let scale = stats[2u * group + 1u];
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

/** Σ over rows of dy · x̂, a thread a column. */
const weightGradient: Program = {
  name: 'HopeLayerNormWeightGrad',
  outputs: ['dWeight'],
  inputs: ['x', 'stats', 'dy'],
  integers: ['rows', 'width'],
  threads: 64,
  body: `
    let i = group * threads + thread;
    if (i < uniforms.width) {
      var sum = 0.0;
      for (var row = 0u; row < uniforms.rows; row++) {
        let at = row * uniforms.width + i;
        sum += dy[at] * (x[at] - stats[2u * row]) * stats[2u * row + 1u];
      }
      dWeight[i] = sum;
    }`,
};

/** Layer norm of x [N, D] and its gradients, one dispatch each. */
export function layerNormKernels(): KernelConfig[] {
  const kernel = (
    { name }: Program,
    run: (
      backend: HostBackend,
      inputs: Record<string, TensorInfo>,
      attrs: { epsilon: number },
    ) => TensorInfo | TensorInfo[],
  ): KernelConfig => ({
    kernelName: name,
    backendName: 'webgpu',
    kernelFunc: ({ inputs, attrs, backend }) =>
      run(
        backend as HostBackend,
        inputs as Record<string, TensorInfo>,
        attrs as unknown as { epsilon: number },
      ),
  });
  return [
    kernel(forward, (backend, { x, weight, bias }, { epsilon }) => {
      const [rows, width] = x.shape;
      return dispatch(backend, forward, {
        outputs: [{ shape: x.shape }, { shape: [rows, 2] }],
        inputs: [x, weight, bias],
        uniforms: { width, epsilon },
        workgroups: rows,
      });
    }),
    kernel(inputGradient, (backend, { x, weight, stats, dy }) => {
      const [rows, width] = x.shape;
      const [dx] = dispatch(backend, inputGradient, {
        outputs: [{ shape: x.shape }],
        inputs: [x, weight, stats, dy],
        uniforms: { width },
        workgroups: rows,
      });
      return dx;
    }),
    kernel(weightGradient, (backend, { x, stats, dy }) => {
      const [rows, width] = x.shape;
      const [dWeight] = dispatch(backend, weightGradient, {
        outputs: [{ shape: [width] }],
        inputs: [x, stats, dy],
        uniforms: { rows, width },
        workgroups: workgroupsFor(weightGradient, width),
      });
      return dWeight;
    }),
  ];
}
