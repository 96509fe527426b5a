import { broadcast_util, env, getKernel, type KernelConfig, type TensorInfo } from '#tfjs';
import type { HostBackend } from './hostBackend.ts';
import { dispatch, type Program, sizeOf, workgroupsFor } from './program.ts';

const CHOICE = 'WEBGPU_MATMUL_PROGRAM_TYPE';
/** The library's number for its program for small outputs (`MatMulProgramType` in its webgpu_util). */
const SMALL_OUTPUT = 2;
/** Longest inner dimension and most multiplications of a product in which tiles would not pay for their barriers. */
const SHORT = 64;
const FEW = 1 << 20;

/** A thread an element. `stepA` and `stepB` are the elements from one matrix of a batch to the next, 0 for one alone. */
const smallProduct: Program = {
  name: 'HopeSmallProduct',
  outputs: ['out'],
  inputs: ['a', 'b'],
  integers: ['rows', 'columns', 'inner', 'size', 'stepA', 'stepB', 'rowA', 'nextA', 'columnB', 'nextB'],
  threads: 64,
  body: `
    let at = group * threads + thread;
    if (at < uniforms.size) {
      let batch = at / (uniforms.rows * uniforms.columns);
      let row = at / uniforms.columns % uniforms.rows;
      let column = at % uniforms.columns;
      let fromA = batch * uniforms.stepA + row * uniforms.rowA;
      let fromB = batch * uniforms.stepB + column * uniforms.columnB;
      var sum = 0.0;
      for (var i = 0u; i < uniforms.inner; i++) {
        sum = fma(a[fromA + i * uniforms.nextA], b[fromB + i * uniforms.nextB], sum);
      }
      out[at] = sum;
    }`,
};

/**
 * The matrix product: ours for small ones, the library's for the others, but never the one of its programs that splits
 * a long inner dimension between workgroups and adds their shares in whatever order the device happens to take: the
 * same inputs would not give the same bits.
 */
export function matMulKernel(): KernelConfig {
  const stock = getKernel('BatchMatMul', 'webgpu').kernelFunc;
  return {
    kernelName: 'BatchMatMul',
    backendName: 'webgpu',
    kernelFunc: call => {
      const { a, b } = call.inputs as Record<string, TensorInfo>;
      const { transposeA, transposeB } = call.attrs as unknown as {
        transposeA: boolean;
        transposeB: boolean;
      };
      const [rows, inner] = lastTwo(a, transposeA);
      const [innerB, columns] = lastTwo(b, transposeB);
      const outer = broadcast_util.assertAndGetBroadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
      const batch = sizeOf(outer);
      const [batchA, batchB] = [a, b].map(({ shape }) => sizeOf(shape.slice(0, -2)));
      const size = batch * rows * columns;
      const fits = inner === innerB && [1, batch].includes(batchA) && [1, batch].includes(batchB);
      if (fits && size > 0 && inner > 0 && inner <= SHORT && size * inner <= FEW) {
        const [out] = dispatch(call.backend as HostBackend, smallProduct, {
          outputs: [{ shape: [...outer, rows, columns] }],
          inputs: [a, b],
          uniforms: {
            ...{ rows, columns, inner, size },
            stepA: batchA === 1 ? 0 : rows * inner,
            stepB: batchB === 1 ? 0 : inner * columns,
            rowA: transposeA ? 1 : inner,
            nextA: transposeA ? rows : 1,
            columnB: transposeB ? inner : 1,
            nextB: transposeB ? 1 : columns,
          },
          workgroups: workgroupsFor(smallProduct, size),
        });
        return out;
      }
      // Shorter products, and those with more tiles than this, are never split.
      if (inner < 2000 || Math.ceil(rows / 32) * Math.ceil(columns / 32) > 32) return stock(call);
      env().set(CHOICE, SMALL_OUTPUT);
      try {
        return stock(call);
      } finally {
        env().set(CHOICE, -1);
      }
    },
  };
}

/** Rows and columns of a matrix as it takes part in the product. */
function lastTwo({ shape }: TensorInfo, transposed: boolean): [number, number] {
  const [rows, columns] = shape.slice(-2);
  return transposed ? [columns, rows] : [rows, columns];
}
