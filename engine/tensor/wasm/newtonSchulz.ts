import { type KernelConfig, type TensorInfo, util } from '#tfjs';
import type { KernelModule } from './kernelModule.ts';
import { ourKernel } from './ourKernel.ts';

/** Added to ‖X‖, so that a matrix of zeros stays one. */
const SMALLEST_NORM = 1e-7;
const FLOAT_BYTES = Float32Array.BYTES_PER_ELEMENT;

/**
 * `iterations` of X ← a X + (b X Xᵀ + c (X Xᵀ)²) X from X/‖X‖ for each of N matrices [N, rows, columns], with the
 * smaller of the two Gram matrices; what lies between stays in working memory.
 */
export function newtonSchulzKernel(module: KernelModule): KernelConfig {
  const { kernels, scratch } = module;
  type Coefficients = { a: number; b: number; c: number; iterations: number };
  return ourKernel<{ x: TensorInfo }, Coefficients>(
    'HopeNewtonSchulz',
    ({ inputs, attributes: { a, b, c, iterations }, make, at }) => {
      const [, rows, columns] = inputs.x.shape;
      const tall = rows > columns;
      const side = Math.min(rows, columns);
      const [each, square] = [rows * columns, side * side];
      const out = make(inputs.x.shape);
      const size = util.sizeFromShape(inputs.x.shape);
      const gram = module.workspace((2 * square + each) * FLOAT_BYTES);
      const powers = gram + square * FLOAT_BYTES;
      const change = powers + square * FLOAT_BYTES;
      for (let from = 0; from < size; from += each) {
        const [start, x] = [at(inputs.x), at(out)].map(address => address + from * FLOAT_BYTES);
        const norm = Math.sqrt(kernels.squaredDistance(start, 0, each));
        kernels.combine(1 / (norm + SMALLEST_NORM), start, 0, start, x, each);
        const product = (
          ...[p, q, to, m, n, k, ofP, ofQ]: [number, number, number, number, number, number, boolean, boolean]
        ) => kernels.batchMatMul(p, q, to, 1, 0, 0, m, n, k, ofP, ofQ, scratch);
        for (let i = 0; i < iterations; i++) {
          product(x, x, gram, side, side, Math.max(rows, columns), tall, !tall);
          product(gram, gram, powers, side, side, side, false, false);
          kernels.combine(b, gram, c, powers, powers, square);
          if (tall) product(x, powers, change, rows, columns, side, false, false);
          else product(powers, x, change, rows, columns, side, false, false);
          kernels.combine(a, x, 1, change, x, each);
        }
      }
      return out;
    },
  );
}
