import { env, getKernel, type KernelConfig, type TensorInfo } from '#tfjs';

const CHOICE = 'WEBGPU_MATMUL_PROGRAM_TYPE';
/** The library's number for its program for small outputs (`MatMulProgramType` in its webgpu_util). */
const SMALL_OUTPUT = 2;

/**
 * The library's matrix product without the one of its programs that splits a long inner dimension between workgroups
 * and adds their shares in whatever order the device happens to take: the same inputs would not give the same bits.
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
      const [, columns] = lastTwo(b, transposeB);
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
