import { describe, expect, test } from 'vitest';
import { forgettingOf, retention } from '../../engine/introspect/forgetting.ts';
import { effectiveRank, stableRank } from '../../engine/introspect/lowRank.ts';
import { contributions } from '../../engine/introspect/shapley.ts';
import { singular } from '../../engine/introspect/singularValues.ts';
import { expectNear } from '../support/near.ts';
import { weights } from './values.ts';

/** A matrix of the deterministic weights. */
const matrix = (rows: number[][]) => ({
  rows: rows.length,
  columns: rows[0].length,
  data: Float32Array.from(rows.flat()),
});

describe('G11: metrics', () => {
  test('a change of rank 1 has an effective rank of 1', () => {
    const [u] = weights(1, 6, 0.2);
    const [v] = weights(1, 4, 0.9);
    const { values } = singular(matrix(u.map(a => v.map(b => a * b))));
    // float32 leaves about 1e-8 of σ₁ in each of the other values.
    expectNear([effectiveRank(values), stableRank(values)], [1, 1], 'ranks', { absolute: 2e-6 });
    expectNear([values[0]], [Math.hypot(...u) * Math.hypot(...v)], 'σ₁', { relative: 1e-6 });
  });

  test.each([1, 3, 8, 32])('a multiple of the identity has an effective rank of %i', d => {
    const identity = Array.from({ length: d }, (_, i) =>
      Array.from({ length: d }, (_, j) => (i === j ? 0.37 : 0)),
    );
    const { values } = singular(matrix(identity));
    expectNear([effectiveRank(values), stableRank(values)], [d, d], 'ranks', { absolute: 1e-9 * d });
  });

  test('the deterministic weights have rank 2, with singular values known in closed form', () => {
    // sin(a + b) = sin a cos b + cos a sin b
    const { values } = singular(matrix(weights(5, 7, 0.4)));
    const [s, c] = [Math.sin, Math.cos].map(f =>
      Array.from({ length: 5 }, (_, i) => 0.3 * f(0.7 * (i + 1) + 0.4)),
    );
    const [cb, sb] = [Math.cos, Math.sin].map(f => Array.from({ length: 7 }, (_, j) => f(1.3 * (j + 1))));
    const dot = (a: number[], b: number[]) => a.reduce((sum, x, i) => sum + x * b[i], 0);
    // Eigenvalues of (LᵀL)(RᵀR) with L = [s c], R = [cb sb].
    const [a, b, d] = [dot(s, s), dot(s, c), dot(c, c)];
    const [e, f, g] = [dot(cb, cb), dot(cb, sb), dot(sb, sb)];
    const trace = a * e + 2 * b * f + d * g;
    const determinant = (a * d - b * b) * (e * g - f * f);
    const root = Math.sqrt(trace * trace - 4 * determinant);
    const expected = [Math.sqrt((trace + root) / 2), Math.sqrt((trace - root) / 2), 0, 0, 0];
    expectNear(values, expected, 'σ', { absolute: 1e-6 });
  });

  test('an additive game gives back its terms', () => {
    const terms = [0.5, 0.3, 0.2];
    const values = Float64Array.from({ length: 8 }, (_, subset) =>
      terms.reduce((sum, term, p) => sum + (subset & (1 << p) ? term : 0), -1),
    );
    contributions(values).forEach(({ shapley, interaction }, p) => {
      expectNear([shapley, interaction], [terms[p], 0], `player ${p}`, { absolute: 1e-15 });
    });
  });

  test('the glove game gives 2/3, 1/6 and 1/6', () => {
    // One left glove and two right ones: a pair is worth 1.
    const values = Float64Array.from({ length: 8 }, (_, subset) => (subset & 1 && subset & 6 ? 1 : 0));
    expectNear(
      contributions(values).map(({ shapley }) => shapley),
      [2 / 3, 1 / 6, 1 / 6],
      'φ',
      { absolute: 1e-15 },
    );
  });

  test('three facts one after the other: ACC, BWT and forgetting by hand', () => {
    const matrixOf = [
      [-1, -5, -6],
      [-2, -1, -5],
      [-4, -1.5, -0.5],
    ];
    const { average, backwardTransfer, forgetting } = retention(matrixOf);
    expectNear([average, backwardTransfer], [-2, -1.75], 'ACC, BWT', { absolute: 1e-15 });
    expectNear(forgetting, [3, 0.5, -4.5], 'forgetting', { absolute: 1e-15 });
  });

  test('facts of a run are ordered by their largest rise; the stability gap is the lowest score after it', () => {
    const updates = [0, 10, 20, 30, 40];
    const late = { updates, scores: [-5, -5, -4.5, -1, -1.5] };
    const early = { updates, scores: [-6, -1, -4, -3, -2] };
    const { facts, matrix: r, average, backwardTransfer } = forgettingOf([late, early]);
    expect(facts).toEqual([
      { fact: 1, written: 10, forgetting: 1, worst: -4, gap: 3 },
      { fact: 0, written: 30, forgetting: -3.5, worst: -1.5, gap: 0.5 },
    ]);
    expect(r).toEqual([
      [-1, -5],
      [-2, -1.5],
    ]);
    expect([average, backwardTransfer]).toEqual([-1.75, -1]);
    // Over runs that end after 0, 20 and 40 updates, a rise is what a whole run did.
    const { facts: byRuns } = forgettingOf([late, early], [0, 2, 4]);
    expect(byRuns.map(({ fact, written }) => [fact, written])).toEqual([
      [1, 20],
      [0, 40],
    ]);
    expect(() => forgettingOf([late, { updates: [0], scores: [1] }])).toThrow(
      'not scored after the same updates',
    );
  });
});
