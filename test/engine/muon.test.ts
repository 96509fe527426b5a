import { beforeAll, describe, expect, it } from 'vitest';
import { isMatrix, muonStep, orthogonalised } from '../../engine/optimizer/muon.ts';
import { openBackend } from '../../engine/tensor/backend.ts';
import { Random } from '../../engine/tensor/random.ts';
import { tf } from '../../engine/tensor/tf.ts';
import { distance, expectNear } from '../support/near.ts';
import { filled } from './tensorReference.ts';

const random = new Random(43);
type Matrix = number[][];
const OPTIONS = { momentum: 0.95, weightDecay: 0.1 };

function product(a: Matrix, b: Matrix): Matrix {
  return a.map(row => b[0].map((_, j) => row.reduce((sum, x, k) => sum + x * b[k][j], 0)));
}

function transpose(a: Matrix): Matrix {
  return a[0].map((_, j) => a.map(row => row[j]));
}

/** Algorithm 2 of Jordan et al. in float64, always with X Xᵀ. */
function newtonSchulz(g: Matrix): Matrix {
  const norm = Math.sqrt(g.flat().reduce((sum, x) => sum + x * x, 0)) + 1e-7;
  let x = g.map(row => row.map(each => each / norm));
  for (let i = 0; i < 5; i++) {
    const gram = product(x, transpose(x));
    const squared = product(gram, gram);
    const powers = gram.map((row, r) => row.map((each, c) => -4.775 * each + 2.0315 * squared[r][c]));
    const change = product(powers, x);
    x = x.map((row, r) => row.map((each, c) => 3.4445 * each + change[r][c]));
  }
  return x;
}

function matrix(values: ArrayLike<number>, rows: number, columns: number, from = 0): Matrix {
  return Array.from({ length: rows }, (_, r) =>
    Array.from({ length: columns }, (_, c) => values[from + r * columns + c]),
  );
}

/** Singular values by Jacobi rotations of the columns of the narrower side. */
function singularValues(a: Matrix): number[] {
  const columns = a.length >= a[0].length ? transpose(a) : a.map(row => [...row]);
  const dot = (x: number[], y: number[]) => x.reduce((sum, each, i) => sum + each * y[i], 0);
  for (let sweep = 0; sweep < 30; sweep++) {
    for (let p = 0; p < columns.length; p++) {
      for (let q = p + 1; q < columns.length; q++) {
        const [x, y] = [columns[p], columns[q]];
        const angle = 0.5 * Math.atan2(2 * dot(x, y), dot(x, x) - dot(y, y));
        const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
        columns[p] = x.map((each, i) => cos * each + sin * y[i]);
        columns[q] = y.map((each, i) => cos * each - sin * x[i]);
      }
    }
  }
  return columns.map(column => Math.sqrt(dot(column, column)));
}

describe.each(['wasm', 'cpu'] as const)('Muon on %s', backend => {
  beforeAll(async () => {
    await openBackend(backend);
  });

  it.each([
    [1, 6, 24],
    [1, 24, 6],
    [3, 8, 16],
    [2, 16, 5],
  ])('brings the singular values of %d matrices [%d, %d] near 1', (count, rows, columns) => {
    const g = filled(random, count * rows * columns, 3);
    const out = tf.tidy(() => orthogonalised(tf.tensor3d(g.slice(), [count, rows, columns])).dataSync());
    for (let i = 0; i < count; i++) {
      const from = i * rows * columns;
      const plain = newtonSchulz(matrix(g, rows, columns, from));
      const mine = out.subarray(from, from + rows * columns);
      expect(distance(mine, plain.flat())).toBeLessThan(2e-5);
      for (const value of singularValues(matrix(mine, rows, columns))) {
        expect(value).toBeGreaterThan(0.65);
        expect(value).toBeLessThan(1.25);
      }
    }
  });

  it.each([[[7, 12]], [[12, 7]], [[2, 5, 5]]])('takes the steps of the plain algorithm, shape %j', shape => {
    const length = shape.reduce((a, b) => a * b);
    const [rows, columns] = shape.slice(-2);
    const weights = filled(random, length);
    const momentum = new Float32Array(length);
    const plain = { w: Array.from(weights), m: Array<number>(length).fill(0) };
    for (let step = 1; step <= 3; step++) {
      const gradient = filled(random, length, 2);
      const rate = 0.02 / step;
      muonStep(weights, gradient, momentum, shape, rate, OPTIONS);
      plain.m = plain.m.map((m, i) => 0.95 * m + 0.05 * gradient[i]);
      const ahead = plain.m.map((m, i) => 0.05 * gradient[i] + 0.95 * m);
      for (let from = 0; from < length; from += rows * columns) {
        const update = newtonSchulz(matrix(ahead, rows, columns, from)).flat();
        update.forEach((o, i) => {
          const before = plain.w[from + i] * (1 - rate * 0.1);
          plain.w[from + i] = before - rate * 0.2 * Math.sqrt(Math.max(rows, columns)) * o;
        });
      }
    }
    expectNear(weights, plain.w, 'weights', { absolute: 2e-5, relative: 1e-5 });
    expectNear(momentum, plain.m, 'momentum');
  });

  it('leaves weights with no gradient to their decay and no tensor behind', () => {
    const before = tf.memory().numTensors;
    const weights = Float32Array.of(1, -2, 0, 4);
    muonStep(weights, new Float32Array(4), new Float32Array(4), [2, 2], 0.5, OPTIONS);
    expectNear(weights, [0.95, -1.9, 0, 3.8], 'weights');
    expect(tf.memory().numTensors).toBe(before);
  });
});

it('takes matrices, not vectors or single rows', () => {
  expect([[8, 4], [3, 8, 4], [8], [3, 1, 8], [8, 1, 4]].map(isMatrix)).toEqual([
    true,
    true,
    false,
    false,
    false,
  ]);
});
