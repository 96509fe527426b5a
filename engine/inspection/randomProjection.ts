import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { Random } from '../tensor/random.ts';
import { breath } from './breath.ts';

/** Row-major. */
export interface WideMatrix {
  readonly rows: number;
  readonly columns: number;
  readonly data: Float32Array | Float64Array;
}

const extra = 16;
const iterations = 2;

/**
 * The `count` largest singular values by random projection with subspace iteration (Halko, Martinsson and Tropp 2011,
 * algorithm 4.4). `errors` bounds how far each is from a singular value of the matrix: ‖A v − σ u‖, as Aᵀ u = σ v.
 */
export async function largestSingular(
  matrix: WideMatrix,
  count: number,
  signal?: AbortSignal,
): Promise<{ values: Float64Array; errors: Float64Array }> {
  const { rows, columns } = matrix;
  const width = Math.min(rows, columns, count + extra);
  const random = new Random(1);
  const start = Float64Array.from({ length: columns * width }, () => random.normal());
  let basis = orthonormal(await times(matrix, start, width, signal), rows, width);
  for (let i = 0; i < iterations; i++) {
    const other = orthonormal(await transposedTimes(matrix, basis, width, signal), columns, width);
    basis = orthonormal(await times(matrix, other, width, signal), rows, width);
  }
  const small = await transposedTimes(matrix, basis, width, signal);
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(gram(small, columns, width), {
    assumeSymmetric: true,
  });
  const order = realEigenvalues.map((_, i) => i).sort((a, b) => realEigenvalues[b] - realEigenvalues[a]);
  const kept = order.slice(0, Math.min(count, width));
  const values = Float64Array.from(kept, i => Math.sqrt(Math.max(0, realEigenvalues[i])));
  const turn = (of: Float64Array, length: number) => {
    const turned = new Float64Array(length * kept.length);
    for (let row = 0; row < length; row++) {
      for (let k = 0; k < width; k++) {
        const value = of[row * width + k];
        for (let j = 0; j < kept.length; j++) {
          turned[row * kept.length + j] += value * eigenvectorMatrix.get(k, kept[j]);
        }
      }
    }
    return turned;
  };
  const left = turn(basis, rows);
  // A v σ, so that nothing is divided by a singular value of 0.
  const image = await times(matrix, turn(small, columns), kept.length, signal);
  const errors = values.map((value, j) => {
    let sum = 0;
    for (let row = 0; row < rows; row++) {
      const at = row * kept.length + j;
      sum += (image[at] - value * value * left[at]) ** 2;
    }
    return value > 0 ? Math.sqrt(sum) / value : 0;
  });
  return { values, errors };
}

/** A B for B [columns, width] */
async function times(
  { rows, columns, data }: WideMatrix,
  b: Float64Array,
  width: number,
  signal?: AbortSignal,
): Promise<Float64Array> {
  const product = new Float64Array(rows * width);
  for (let i = 0; i < rows; i++) {
    if (i % 64 === 0) await breath(signal);
    const row = product.subarray(i * width, (i + 1) * width);
    for (let k = 0; k < columns; k++) {
      const value = data[i * columns + k];
      const at = k * width;
      for (let j = 0; j < width; j++) row[j] += value * b[at + j];
    }
  }
  return product;
}

/** Aᵀ B for B [rows, width] */
async function transposedTimes(
  { rows, columns, data }: WideMatrix,
  b: Float64Array,
  width: number,
  signal?: AbortSignal,
): Promise<Float64Array> {
  const product = new Float64Array(columns * width);
  for (let i = 0; i < rows; i++) {
    if (i % 64 === 0) await breath(signal);
    const row = b.subarray(i * width, (i + 1) * width);
    for (let k = 0; k < columns; k++) {
      const value = data[i * columns + k];
      const at = k * width;
      for (let j = 0; j < width; j++) product[at + j] += value * row[j];
    }
  }
  return product;
}

/** An orthonormal basis of the columns of [length, width], by Gram-Schmidt, twice for its exactness. */
function orthonormal(columns: Float64Array, length: number, width: number): Float64Array {
  const vectors = Array.from({ length: width }, (_, j) =>
    Float64Array.from({ length }, (_, i) => columns[i * width + j]),
  );
  vectors.forEach((vector, j) => {
    const size = norm(vector);
    for (let pass = 0; pass < 2; pass++) {
      for (let k = 0; k < j; k++) {
        const part = dot(vector, vectors[k]);
        for (let i = 0; i < length; i++) vector[i] -= part * vectors[k][i];
      }
    }
    const left = norm(vector);
    // What is left of a column within the span of the others is noise.
    const scale = left > 1e-12 * size ? 1 / left : 0;
    for (let i = 0; i < length; i++) vector[i] *= scale;
  });
  const basis = new Float64Array(length * width);
  vectors.forEach((vector, j) => {
    for (let i = 0; i < length; i++) basis[i * width + j] = vector[i];
  });
  return basis;
}

function gram(b: Float64Array, length: number, width: number): Matrix {
  const product = new Float64Array(width * width);
  for (let i = 0; i < length; i++) {
    for (let j = 0; j < width; j++) {
      const value = b[i * width + j];
      for (let k = 0; k < width; k++) product[j * width + k] += value * b[i * width + k];
    }
  }
  return Matrix.from1DArray(width, width, product);
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

function norm(a: Float64Array): number {
  return Math.sqrt(dot(a, a));
}
