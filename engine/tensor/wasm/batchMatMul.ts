import { broadcast_util, type KernelConfig, type TensorInfo, util } from '#tfjs';
import { addressOf, type HostBackend } from './hostBackend.ts';
import { type KernelModule, WORTH_SHARING } from './kernelModule.ts';

interface Arguments {
  inputs: { a: TensorInfo; b: TensorInfo };
  attrs: { transposeA: boolean; transposeB: boolean };
  backend: HostBackend;
}

const bytesPerFloat = 4;

/** Matrix product [.., M, K]·[.., K, N] of float32 tensors; leading axes broadcast, either may be transposed. */
export function batchMatMulKernel(module: KernelModule): KernelConfig {
  const { kernels, scratch } = module;
  return {
    kernelName: 'BatchMatMul',
    backendName: 'wasm',
    kernelFunc: args => {
      const { inputs, attrs, backend } = args as unknown as Arguments;
      const { a, b } = inputs;
      const { transposeA, transposeB } = attrs;
      if (a.dtype !== 'float32' || b.dtype !== 'float32') {
        throw new Error(
          `Matrix product of ${a.dtype} and ${b.dtype}: both must be float32. Cast them first.`,
        );
      }
      const [rowsA, columnsA] = a.shape.slice(-2);
      const [rowsB, columnsB] = b.shape.slice(-2);
      const [m, k] = transposeA ? [columnsA, rowsA] : [rowsA, columnsA];
      const [kB, n] = transposeB ? [columnsB, rowsB] : [rowsB, columnsB];
      if (k !== kB) {
        throw new Error(
          `Matrix product of [${a.shape}] and [${b.shape}] (transposed: ${transposeA}, ${transposeB}): ` +
            `the inner sizes ${k} and ${kB} differ.`,
        );
      }
      const outerA = a.shape.slice(0, -2);
      const outerB = b.shape.slice(0, -2);
      const outer = broadcast_util.assertAndGetBroadcastShape(outerA, outerB);
      const batchA = util.sizeFromShape(outerA);
      const batchB = util.sizeFromShape(outerB);
      const batch = util.sizeFromShape(outer);
      const out = backend.makeOutput([...outer, m, n], 'float32');
      if (batch * m * n === 0) return out;
      const from = addressOf(backend, a);
      const by = addressOf(backend, b);
      const to = addressOf(backend, out);
      const sizeA = m * k * bytesPerFloat;
      const sizeB = k * n * bytesPerFloat;
      const product = (
        x: number,
        y: number,
        z: number,
        count: number,
        stepX: number,
        stepY: number,
        rows: number,
      ) => {
        const shape = [rows, n, k, Number(transposeA), Number(transposeB)];
        if (!module.pool || !shared(module, [x, y, z], count, [stepX, stepY], shape)) {
          kernels.batchMatMul(x, y, z, count, stepX, stepY, rows, n, k, transposeA, transposeB, scratch);
        }
      };
      if (batchB === 1 && !transposeA) product(from, by, to, 1, 0, 0, batch * m);
      else if ((batchA === batch || batchA === 1) && (batchB === batch || batchB === 1)) {
        product(from, by, to, batch, batchA === 1 ? 0 : sizeA, batchB === 1 ? 0 : sizeB, m);
      } else {
        const indexA = broadcastIndex(outerA, outer);
        const indexB = broadcastIndex(outerB, outer);
        for (let i = 0; i < batch; i++) {
          product(
            from + indexA(i) * sizeA,
            by + indexB(i) * sizeB,
            to + i * m * n * bytesPerFloat,
            1,
            0,
            0,
            m,
          );
        }
      }
      return out;
    },
  };
}

/** Columns of a unit are a multiple of this, so that each is computed as in the whole product. */
const COLUMNS = 32;

/** Has the pool do it where it is large enough. @param shape m, n, k, transposed A, transposed B @returns whether it did */
function shared(
  { kernels, pool, each }: KernelModule,
  at: readonly number[],
  batch: number,
  strides: readonly number[],
  shape: readonly number[],
): boolean {
  const [m, n, k, transposeA, transposeB] = shape;
  const operations = 2 * batch * m * n * k;
  const bytes = kernels.matMulScratchBytes();
  const threads = 1 + pool!.size;
  if (threads === 1 || k === 0 || operations < WORTH_SHARING) return false;
  if (batch >= threads) {
    each('batchMatMul', [...at, ...strides, ...shape], batch, bytes, operations);
    return true;
  }
  const columns = COLUMNS * Math.ceil(n / threads / COLUMNS);
  if (batch > 1 || columns >= n || !kernels.hasColumns(m, k, transposeA !== 0, transposeB !== 0))
    return false;
  each('matMulColumns', [...at, ...shape, columns], Math.ceil(n / columns), bytes, operations);
  return true;
}

/** Maps a flat index of `outer` to the flat index of the same element in `shape`, which broadcasts to it. */
function broadcastIndex(shape: number[], outer: number[]): (flat: number) => number {
  const padded = [...Array<number>(outer.length - shape.length).fill(1), ...shape];
  return flat => {
    let index = 0;
    let step = 1;
    for (let axis = outer.length - 1; axis >= 0; axis--) {
      if (padded[axis] > 1) index += (flat % outer[axis]) * step;
      flat = Math.floor(flat / outer[axis]);
      step *= padded[axis];
    }
    return index;
  };
}
