import { describe, expect, test } from 'vitest';
import { spread } from '../../engine/introspect/controls.ts';
import { gaussLegendre } from '../../engine/introspect/quadrature.ts';
import { contributions } from '../../engine/introspect/shapley.ts';
import { Random } from '../../engine/tensor/random.ts';
import { expectNear } from '../support/near.ts';

const members = (subset: number, players: number) =>
  Array.from({ length: players }, (_, p) => p).filter(p => subset & (1 << p));

function game(players: number, value: (present: number[]) => number): Float64Array {
  return Float64Array.from({ length: 2 ** players }, (_, subset) => value(members(subset, players)));
}

/** Mean over all orders of joining of what a player adds: the definition, in K! steps. */
function byOrders(values: Float64Array, players: number): number[] {
  const totals = new Array<number>(players).fill(0);
  let orders = 0;
  const join = (order: readonly number[]): void => {
    for (let p = 0; p < players; p++) if (!order.includes(p)) join([...order, p]);
    if (order.length < players) return;
    orders++;
    let present = 0;
    for (const p of order) {
      totals[p] += values[present | (1 << p)] - values[present];
      present |= 1 << p;
    }
  };
  join([]);
  return totals.map(total => total / orders);
}

describe('Shapley values', () => {
  test.each([1, 2, 3, 5])('of %i players are the mean over all orders, and add up to the gain', players => {
    const random = new Random(players);
    const values = Float64Array.from({ length: 2 ** players }, () => random.normal());
    const found = contributions(values).map(({ shapley }) => shapley);
    expectNear(found, byOrders(values, players), 'φ', { absolute: 1e-12 });
    const gain = values[values.length - 1] - values[0];
    expectNear([found.reduce((sum, value) => sum + value, 0)], [gain], 'Σφ', { absolute: 1e-12 });
  });

  test('of an additive game are its terms, without interaction', () => {
    const terms = [0.7, -0.2, 0, 1.5];
    const found = contributions(game(4, present => present.reduce((sum, p) => sum + terms[p], -3)));
    found.forEach(({ shapley, necessity, sufficiency, interaction }, p) => {
      expectNear([shapley, necessity, sufficiency, interaction], [terms[p], terms[p], terms[p], 0], `${p}`, {
        absolute: 1e-12,
      });
    });
  });

  test('of two that only work together are halves, each necessary and none sufficient', () => {
    const [one, other, idle] = contributions(
      game(3, present => (present.includes(0) && present.includes(1) ? 2 : 0)),
    );
    expect(one).toEqual({ shapley: 1, necessity: 2, sufficiency: 0, interaction: 2 });
    expect(other).toEqual(one);
    expect(idle).toEqual({ shapley: 0, necessity: 0, sufficiency: 0, interaction: 0 });
  });

  test('of two where either will do are halves, each sufficient and none necessary', () => {
    const found = contributions(game(2, present => (present.length > 0 ? 1 : 0)));
    expect(found[0]).toEqual({ shapley: 0.5, necessity: 0, sufficiency: 1, interaction: -1 });
  });

  test('need a value a subset', () => {
    expect(() => contributions(new Float64Array(3))).toThrow('3 values are not one a subset');
    expect(contributions(new Float64Array(1))).toEqual([]);
  });
});

describe('Gauss–Legendre points', () => {
  test.each([1, 2, 8, 16, 64])('%i of them integrate polynomials up to degree 2n − 1 exactly', n => {
    const rule = gaussLegendre(n);
    for (let degree = 0; degree < 2 * n; degree++) {
      const sum = rule.reduce((total, { at, weight }) => total + weight * at ** degree, 0);
      expectNear([sum], [1 / (degree + 1)], `x^${degree}`, { absolute: 1e-13 });
    }
  });
});

test('the spread of controls is that of a sample', () => {
  expect(spread([1, 2, 3, 4])).toEqual({ mean: 2.5, deviation: Math.sqrt(5 / 3), count: 4 });
});
