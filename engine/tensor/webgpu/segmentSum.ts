import type { KernelConfig, TensorInfo } from '#tfjs';
import type { HostBackend } from './hostBackend.ts';
import { dispatch, type Program, sizeOf, workgroupsFor } from './program.ts';

/** A thread an element of the result, which adds the rows of its segment in their order. */
const program: Program = {
  name: 'HopeSegmentSum',
  outputs: ['out'],
  inputs: ['x', 'ids'],
  integers: ['rows', 'width', 'size'],
  threads: 64,
  body: `
    let at = group * threads + thread;
    if (at < uniforms.size) {
      let segment = i32(at / uniforms.width);
      let column = at % uniforms.width;
      var sum = 0.0;
      for (var row = 0u; row < uniforms.rows; row++) {
        if (ids[row] == segment) { sum += x[row * uniforms.width + column]; }
      }
      out[at] = sum;
    }`,
};

/**
 * Sums the rows of x [N, ..] that share an id into [numSegments, ..]. The library's own adds in whatever order the
 * device happens to take, so that no two trainings are the same.
 */
export function segmentSumKernel(): KernelConfig {
  return {
    kernelName: 'UnsortedSegmentSum',
    backendName: 'webgpu',
    kernelFunc: ({ inputs, attrs, backend }) => {
      const { x, segmentIds } = inputs as Record<string, TensorInfo>;
      const { numSegments } = attrs as unknown as { numSegments: number };
      const [rows, ...row] = x.shape;
      const shape = [numSegments, ...row];
      const size = sizeOf(shape);
      const [out] = dispatch(backend as HostBackend, program, {
        outputs: [{ shape }],
        inputs: [x, segmentIds],
        uniforms: { rows, width: sizeOf(row), size },
        workgroups: workgroupsFor(program, size),
      });
      return out;
    },
  };
}
