import { beforeAll, describe, expect, it } from 'vitest';
import { openBackend } from '../../engine/tensor/backend.ts';
import { Random } from '../../engine/tensor/random.ts';
import { tf } from '../../engine/tensor/tf.ts';
import { filled, largestError } from './tensorReference.ts';

const random = new Random(23);
const below = (limit: number) => random.next() % limit;
const sizeOf = (shape: number[]) => shape.reduce((product, size) => product * size, 1);
const someShape = (rank: number) => Array.from({ length: rank }, () => 1 + below(9));

/** Multi-index of a flat index. */
function indexOf(flat: number, shape: number[]): number[] {
  const index = Array<number>(shape.length);
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    index[axis] = flat % shape[axis];
    flat = Math.floor(flat / shape[axis]);
  }
  return index;
}

/** Flat index of a multi-index, axes of size 1 and missing leading axes broadcast. */
function flatOf(index: number[], shape: number[]): number {
  const shift = index.length - shape.length;
  return shape.reduce((flat, size, axis) => flat * size + (size === 1 ? 0 : index[axis + shift]), 0);
}

const binary = {
  add: [tf.add, (x: number, y: number) => x + y],
  sub: [tf.sub, (x: number, y: number) => x - y],
  mul: [tf.mul, (x: number, y: number) => x * y],
  div: [tf.div, (x: number, y: number) => x / y],
} as const;

const unary = {
  exp: [tf.exp, Math.exp, 30],
  sigmoid: [tf.sigmoid, (x: number) => 1 / (1 + Math.exp(-x)), 30],
  tanh: [tf.tanh, Math.tanh, 3],
  softplus: [tf.softplus, (x: number) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))), 30],
  sqrt: [tf.sqrt, Math.sqrt, 0],
  rsqrt: [tf.rsqrt, (x: number) => 1 / Math.sqrt(x), 0],
} as const;

describe('elementwise operations on wasm', () => {
  beforeAll(() => openBackend('wasm'));

  it.each(Object.keys(binary) as (keyof typeof binary)[])('%s broadcasts as a plain loop does', name => {
    const [operation, reference] = binary[name];
    for (let i = 0; i < 150; i++) {
      const shape = someShape(below(5));
      const part = (whole: number[]) => whole.slice(below(3) === 0 ? below(whole.length + 1) : 0);
      const shapeA = part(shape).map(size => (below(3) === 0 ? 1 : size));
      const shapeB = part(shape).map(size => (below(3) === 0 ? 1 : size));
      const a = filled(random, sizeOf(shapeA));
      const b = filled(random, sizeOf(shapeB)).map(each => each + Math.sign(each));
      tf.tidy(() => {
        const got = operation(tf.tensor(a.slice(), shapeA), tf.tensor(b.slice(), shapeB));
        const expected = Array.from({ length: got.size }, (_, flat) => {
          const index = indexOf(flat, got.shape);
          return Math.fround(reference(a[flatOf(index, shapeA)], b[flatOf(index, shapeB)]));
        });
        const where = `[${shapeA}] and [${shapeB}] to [${got.shape}]`;
        expect(got.shape, where).toEqual(tf.broadcast_util.assertAndGetBroadcastShape(shapeA, shapeB));
        expect(Array.from(got.dataSync()), where).toEqual(expected);
      });
    }
  });

  it('refuses shapes that do not broadcast', () => {
    expect(() => tf.add(tf.zeros([2, 3]), tf.zeros([2]))).toThrow(/broadcast/);
  });

  it('still adds integers', () => {
    expect(tf.tidy(() => Array.from(tf.add(tf.tensor1d([1, 2], 'int32'), 3).dataSync()))).toEqual([4, 5]);
  });

  it.each(Object.keys(unary) as (keyof typeof unary)[])('%s keeps a small relative error', name => {
    const [operation, reference, range] = unary[name];
    for (const length of [1, 2, 3, 4, 5, 1003]) {
      const signed = filled(random, length, range || 5);
      const x = range ? signed : signed.map(each => Math.abs(each) + 1e-3);
      const got = tf.tidy(() => operation(tf.tensor1d(x)).dataSync());
      const relative = Array.from(got, (value, i) => value / reference(x[i]) - 1);
      expect(
        largestError(
          relative,
          relative.map(() => 0),
        ),
        `${name} [${length}]`,
      ).toBeLessThan(6e-7);
    }
  });

  it('treats the ends of the range as the functions do', () => {
    const x = tf.tensor1d([-1e4, -200, 200, 1e4, Number.NaN]);
    const of = (operation: (x: tf.Tensor) => tf.Tensor) => Array.from(tf.tidy(() => operation(x).dataSync()));
    expect(of(tf.exp)).toEqual([0, 0, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, Number.NaN]);
    expect(of(tf.tanh)).toEqual([-1, -1, 1, 1, Number.NaN]);
    expect(of(tf.softplus).slice(2)).toEqual([200, 1e4, Number.NaN]);
    expect(Math.max(...of(tf.softplus).slice(0, 2), ...of(tf.sigmoid).slice(0, 2))).toBeLessThan(1e-37);
    expect(of(tf.sigmoid).slice(2)).toEqual([1, 1, Number.NaN]);
    x.dispose();
  });
});

describe('sums and copies on wasm', () => {
  beforeAll(() => openBackend('wasm'));

  it('sums over any axes', () => {
    for (let i = 0; i < 150; i++) {
      const shape = someShape(1 + below(4));
      const axes = shape.flatMap((_, axis) => (below(2) ? [axis] : []));
      const x = filled(random, sizeOf(shape));
      const kept = shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
      const expected = new Float64Array(sizeOf(kept));
      x.forEach((value, flat) => {
        expected[flatOf(indexOf(flat, shape), kept)] += value;
      });
      for (const keepDims of [false, true]) {
        const got = tf.tidy(() => {
          const total = tf.sum(tf.tensor(x.slice(), shape), axes, keepDims);
          expect(total.shape).toEqual(keepDims ? kept : shape.filter((_, axis) => !axes.includes(axis)));
          return total.dataSync();
        });
        expect(largestError(got, expected), `[${shape}] over ${axes}`).toBeLessThan(2e-5);
      }
    }
  });

  it('sums a million equal numbers without drift', () => {
    const total = tf.tidy(() => tf.sum(tf.fill([1_000_000], 0.1)).dataSync()[0]);
    expect(Math.abs(total / 1e6 / Math.fround(0.1) - 1)).toBeLessThan(1e-6);
  });

  it('slices, splits, joins, repeats, pads and transposes any axis', () => {
    for (let i = 0; i < 100; i++) {
      const shape = someShape(1 + below(4));
      const axis = below(shape.length);
      const x = filled(random, sizeOf(shape));
      const begin = shape.map(size => below(size));
      const size = shape.map((whole, at) => 1 + below(whole - begin[at]));
      const only = (values: number[], others: number[]) =>
        others.map((other, at) => (at === axis ? values[at] : other));
      const zeros = shape.map(() => 0);
      const take = (shapeOut: number[], from: (index: number[]) => number[] | undefined) =>
        Array.from({ length: sizeOf(shapeOut) }, (_, flat) => {
          const index = from(indexOf(flat, shapeOut));
          return index ? x[flatOf(index, shape)] : 0;
        });
      tf.tidy(() => {
        const t = tf.tensor(x.slice(), shape);
        const check = (got: tf.Tensor, expected: number[], what: string) =>
          expect(Array.from(got.dataSync()), `${what} of [${shape}] to [${got.shape}]`).toEqual(expected);
        const shifted = (by: number[]) => (index: number[]) => index.map((each, at) => each + by[at]);
        check(tf.slice(t, begin, size), take(size, shifted(begin)), 'slice');
        const [one, many] = [only(begin, zeros), only(size, shape)];
        check(tf.slice(t, one, many), take(many, shifted(one)), 'slice of one axis');
        const parts = tf.split(t, [begin[axis], shape[axis] - begin[axis]], axis);
        check(parts[1], take(parts[1].shape, shifted(one)), 'split');
        check(tf.concat(parts, axis), Array.from(x), 'concat of the split');
        for (const reps of [
          only(
            begin.map(each => each + 1),
            shape.map(() => 1),
          ),
          begin.map(each => 1 + (each % 2)),
        ]) {
          const tiled = tf.tile(t, reps);
          check(
            tiled,
            take(tiled.shape, index => index.map((each, at) => each % shape[at])),
            'tile',
          );
        }
        const paddings = shape.map((_, at): [number, number] => (at === axis ? [begin[at], 2] : [0, 0]));
        const padded = tf.pad(t, paddings);
        const inside = (index: number[]) => {
          const moved = index.map((each, at) => each - paddings[at][0]);
          return moved.every((each, at) => each >= 0 && each < shape[at]) ? moved : undefined;
        };
        check(padded, take(padded.shape, inside), 'pad');
        for (const perm of [
          [...shape.keys()].reverse(),
          [...shape.keys()]
            .slice(0, -2)
            .concat(shape.length > 1 ? [shape.length - 1, shape.length - 2] : [0]),
        ]) {
          const turned = tf.transpose(t, perm);
          const back = (index: number[]) => shape.map((_, at) => index[perm.indexOf(at)]);
          check(turned, take(turned.shape, back), `transpose ${perm}`);
        }
      });
    }
  });

  it('accumulates along a negative axis without touching other memory', () => {
    const [out, other] = tf.tidy(() => {
      const neighbour = tf.ones([64]);
      const sums = tf.cumsum(tf.ones([2, 3, 4]), -1);
      return [Array.from(sums.dataSync()), Array.from(neighbour.dataSync())];
    });
    expect(out).toEqual(Array.from({ length: 24 }, (_, i) => (i % 4) + 1));
    expect(other).toEqual(Array(64).fill(1));
  });

  it('shares memory between a tensor, its clone and its reshape until the last is disposed', () => {
    const before = tf.memory().numDataBuffers;
    const x = tf.tensor1d([1, 2, 3, 4]);
    const same = tf.clone(x);
    const square = tf.reshape(x, [2, 2]);
    expect(tf.memory().numDataBuffers).toBe(before + 1);
    x.dispose();
    same.dispose();
    tf.tidy(() => tf.ones([4]).dataSync());
    expect(Array.from(square.dataSync())).toEqual([1, 2, 3, 4]);
    square.dispose();
    expect(tf.memory().numDataBuffers).toBe(before);
  });
});
