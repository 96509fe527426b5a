import { Matrix, SingularValueDecomposition } from 'ml-matrix';
import { describe, expect, test } from 'vitest';
import {
  dampChange,
  difference,
  scaleChange,
  truncateChange,
} from '../../engine/introspect/levelMatrices.ts';
import {
  dampIntruders,
  effectiveRank,
  intruders,
  rankBound,
  stableRank,
  truncate,
} from '../../engine/introspect/lowRank.ts';
import { type DenseMatrix, leftVectors, singular } from '../../engine/introspect/singularValues.ts';
import { Random } from '../../engine/tensor/random.ts';
import { expectNear, expectSameVector } from '../support/near.ts';

function randomMatrix(rows: number, columns: number, seed = 1): DenseMatrix {
  const random = new Random(seed);
  return { rows, columns, data: Float32Array.from({ length: rows * columns }, () => random.normal()) };
}

/** a + s · u vᵀ with unit vectors u and v. */
function plusRankOne(a: DenseMatrix, strength: number, seed: number): DenseMatrix {
  const u = randomMatrix(a.rows, 1, seed).data;
  const v = randomMatrix(a.columns, 1, seed + 1).data;
  const scale = strength / (Math.hypot(...u) * Math.hypot(...v));
  return { ...a, data: a.data.map((x, i) => x + scale * u[Math.floor(i / a.columns)] * v[i % a.columns]) };
}

/** A matrix whose singular values lie well apart, so that a small change turns no direction. */
function spread(rows: number, columns: number, seed: number): DenseMatrix {
  const { data } = randomMatrix(rows, columns, seed);
  return {
    rows,
    columns,
    data: data.map((x, i) => x * 0.6 ** Math.min(i % columns, Math.floor(i / columns))),
  };
}

const reference = ({ rows, columns, data }: DenseMatrix) =>
  new SingularValueDecomposition(Matrix.from1DArray(rows, columns, data), { autoTranspose: true });

const SHAPES = [
  [12, 5],
  [5, 12],
  [7, 7],
  [1, 9],
  [9, 1],
] as const;

describe('singular values', () => {
  test.each(SHAPES)('of a %i × %i matrix are those of a whole decomposition', (rows, columns) => {
    const matrix = randomMatrix(rows, columns);
    expectNear(singular(matrix).values, reference(matrix).diagonal, 'σ', { absolute: 1e-6 });
  });

  test.each(SHAPES)(
    'come with left vectors of a %i × %i matrix that are orthonormal and its own',
    (rows, columns) => {
      const matrix = randomMatrix(rows, columns);
      const left = leftVectors(matrix);
      const { values } = singular(matrix);
      expect([left.rows, left.columns]).toEqual([rows, Math.min(rows, columns)]);
      expectNear(left.transpose().mmul(left).to1DArray(), Matrix.eye(left.columns).to1DArray(), 'UᵀU', {
        absolute: 1e-6,
      });
      // ‖uᵀ A‖ = σ
      const read = left.transpose().mmul(Matrix.from1DArray(rows, columns, matrix.data));
      expectNear(
        read.to2DArray().map(row => Math.hypot(...row)),
        values,
        '‖uᵀA‖',
        { absolute: 1e-6 },
      );
    },
  );

  test('of a matrix of zeros are zeros, and it has no directions', () => {
    const zeros = { rows: 4, columns: 3, data: new Float32Array(12) };
    expect([...singular(zeros).values]).toEqual([0, 0, 0]);
    expect(leftVectors(zeros).columns).toBe(0);
  });
});

describe('ranks', () => {
  test('count equal values, and one value as one', () => {
    expect(effectiveRank([2, 2, 2, 2])).toBeCloseTo(4, 12);
    expect(stableRank([2, 2, 2, 2])).toBeCloseTo(4, 12);
    expect(effectiveRank([3, 0, 0])).toBeCloseTo(1, 12);
    expect(stableRank([3, 0, 0])).toBe(1);
  });

  test('follow their formulas in between, and are 0 where nothing changed', () => {
    const p = [0.5, 0.25, 0.25];
    expect(effectiveRank([2, 1, 1])).toBeCloseTo(
      Math.exp(-p.reduce((sum, x) => sum + x * Math.log(x), 0)),
      12,
    );
    expect(stableRank([2, 1, 1])).toBeCloseTo(6 / 4, 12);
    expect(effectiveRank([0, 0])).toBe(0);
    expect(stableRank([])).toBe(0);
  });

  test('are bounded by the shorter side and by the tokens of a chunk', () => {
    expect(rankBound(512, 128)).toBe(128);
    expect(rankBound(512, 128, 16)).toBe(16);
  });
});

describe('truncation', () => {
  test.each(SHAPES)('of a %i × %i matrix is the best approximation of each rank', (rows, columns) => {
    const matrix = randomMatrix(rows, columns);
    const { leftSingularVectors: u, diagonal, rightSingularVectors: v } = reference(matrix);
    for (let rank = 0; rank <= Math.min(rows, columns); rank++) {
      const best = Matrix.zeros(rows, columns);
      for (let j = 0; j < rank; j++) {
        best.add(u.getColumnVector(j).mmul(v.getColumnVector(j).transpose()).mul(diagonal[j]));
      }
      expectNear(truncate(matrix, rank).data, best.to1DArray(), `rank ${rank}`, { absolute: 2e-6 });
    }
  });

  test('of a change leaves the tensor before at rank 0 and the one after at full rank', () => {
    const before = randomMatrix(6, 8, 3).data;
    const after = randomMatrix(6, 8, 4).data;
    const change = { shape: [2, 3, 8], before, after };
    expect([...truncateChange(change, 0)]).toEqual([...before]);
    expect([...truncateChange(change, 3)]).toEqual([...after]);
    const cut = difference(before, truncateChange(change, 1));
    for (const head of [0, 1]) {
      const part = cut.subarray(head * 24, (head + 1) * 24);
      const { values } = singular({ rows: 3, columns: 8, data: part });
      expect(values[1] / values[0], `head ${head} has rank 1`).toBeLessThan(1e-6);
      const whole = {
        rows: 3,
        columns: 8,
        data: difference(before, after).subarray(head * 24, (head + 1) * 24),
      };
      expectSameVector(part, truncate(whole, 1).data, `head ${head}`, 1e-6);
    }
  });

  test('takes a vector as of rank 1', () => {
    const change = { shape: [3], before: Float32Array.of(1, 2, 3), after: Float32Array.of(4, 6, 8) };
    expect([...truncateChange(change, 0)]).toEqual([1, 2, 3]);
    expect([...truncateChange(change, 1)]).toEqual([4, 6, 8]);
    expect([...scaleChange(change, 0.5)]).toEqual([2.5, 4, 5.5]);
  });
});

describe('intruder dimensions', () => {
  test.each([
    [40, 24],
    [24, 40],
  ])('of a %i × %i matrix: a strong direction of its own is one, a small change is none', (rows, columns) => {
    const before = spread(rows, columns, 5);
    expect(intruders(before, before).indices).toEqual([]);
    expect(intruders(before, plusRankOne(before, 1e-4, 6)).indices).toEqual([]);
    const strong = plusRankOne(before, 40, 6);
    const found = intruders(before, strong);
    expect(found.indices).toEqual([0]);
    expect(found.similarity[0]).toBeLessThan(0.6);
  });

  test('are found as a whole decomposition finds them', () => {
    const before = randomMatrix(30, 20, 7);
    const after = plusRankOne(plusRankOne(before, 30, 8), 12, 10);
    const [u, changed] = [before, after].map(m => reference(m).leftSingularVectors);
    const expected = changed
      .subMatrix(0, 29, 0, 9)
      .transpose()
      .mmul(u)
      .to2DArray()
      .map(row => Math.max(...row.map(Math.abs)));
    expectNear(intruders(before, after).similarity, expected, 'max |cos|', { absolute: 1e-5 });
  });

  test('are damped and nothing else is', () => {
    const before = spread(30, 20, 7);
    const after = plusRankOne(before, 40, 8);
    expect(intruders(before, after).indices).toEqual([0]);
    const values = singular(after).values;
    for (const factor of [0, 0.5, 1]) {
      const damped = singular(dampIntruders(before, after, 0.6, factor)).values;
      const expected = [...values.subarray(1), factor * values[0]].sort((a, b) => b - a);
      expectNear(damped, expected, `σ at ${factor}`, { absolute: 1e-5 });
    }
    expectSameVector(
      dampChange({ shape: [30, 20], before: before.data, after: after.data }, 0.6, 0),
      truncateTail(after),
      'W',
      1e-5,
    );
  });
});

/** The matrix without its largest singular value. */
function truncateTail(matrix: DenseMatrix): Float32Array {
  return difference(truncate(matrix, 1).data, matrix.data);
}
