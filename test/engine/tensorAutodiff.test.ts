import { beforeAll, describe, expect, it } from 'vitest';
import { openBackend } from '../../engine/tensor/backend.ts';
import { Random } from '../../engine/tensor/random.ts';
import { tf } from '../../engine/tensor/tf.ts';
import { filled, largestError } from './tensorReference.ts';

type Graph = (...inputs: tf.Tensor[]) => tf.Tensor;

const random = new Random(41);
const sizeOf = (shape: number[]) => shape.reduce((product, size) => product * size, 1);

/** Σ of the output with fixed uneven weights, so that no gradient is the same everywhere. */
function weigh(out: tf.Tensor): tf.Scalar {
  const weights = Float32Array.from({ length: out.size }, (_, i) => Math.sin(3 * i + 1));
  return tf.sum(tf.mul(out, tf.tensor(weights, out.shape)));
}

/** Largest difference between the gradients of a graph and central differences of step 1/64. */
function gradientError(graph: Graph, shapes: number[][], positive = false): number {
  const step = 1 / 64;
  const values = shapes.map(shape =>
    filled(random, sizeOf(shape)).map(x => (positive ? Math.abs(x) + 1 : x)),
  );
  const tensors = values.map((value, i) => tf.tensor(value.slice(), shapes[i]));
  const scalar = (...inputs: tf.Tensor[]) => weigh(graph(...inputs));
  const gradients = tf.grads(scalar)(tensors);
  let worst = 0;
  shapes.forEach((shape, i) => {
    expect(gradients[i].shape).toEqual(shape);
    const at = (j: number, by: number) =>
      tf.tidy(() => {
        const moved = values[i].slice();
        moved[j] += by;
        return scalar(...tensors.map((each, k) => (k === i ? tf.tensor(moved, shape) : each))).dataSync()[0];
      });
    const numeric = Array.from(values[i], (_, j) => (at(j, step) - at(j, -step)) / (2 * step));
    worst = Math.max(worst, largestError(gradients[i].dataSync(), numeric));
  });
  tf.dispose([...tensors, ...gradients]);
  return worst;
}

const cases: [string, Graph, number[][], boolean?][] = [
  [
    'sum of two',
    tf.add as Graph,
    [
      [3, 4],
      [3, 4],
    ],
  ],
  [
    'sum with broadcast',
    tf.add as Graph,
    [
      [2, 1, 4],
      [3, 1],
    ],
  ],
  ['difference with broadcast', tf.sub as Graph, [[4], [2, 3, 4]]],
  [
    'product',
    tf.mul as Graph,
    [
      [3, 4],
      [3, 4],
    ],
  ],
  [
    'product with broadcast',
    tf.mul as Graph,
    [
      [2, 3, 1],
      [2, 1, 4],
    ],
  ],
  ['product with a scalar', tf.mul as Graph, [[], [2, 3]]],
  [
    'quotient with broadcast',
    tf.div as Graph,
    [
      [2, 3, 4],
      [3, 1],
    ],
    true,
  ],
  ['square', tf.square as Graph, [[5]]],
  ['square root', tf.sqrt as Graph, [[5]], true],
  ['inverse square root', tf.rsqrt as Graph, [[5]], true],
  ['exponential', tf.exp as Graph, [[5]]],
  ['sigmoid', tf.sigmoid as Graph, [[5]]],
  ['tanh', tf.tanh as Graph, [[5]]],
  ['softplus', tf.softplus as Graph, [[5]]],
  ['sum of middle axes', x => tf.sum(x, [1, 2]), [[2, 3, 2, 2]]],
  ['sum of axes apart', x => tf.sum(x, [0, 2], true), [[2, 3, 4]]],
  ['mean of the last axis', x => tf.mean(x, -1), [[2, 3, 4]]],
  ['mean of all', x => tf.mean(x), [[2, 3]]],
  ['repetition', x => tf.tile(x, [2, 1, 3]), [[2, 3, 2]]],
  ['repetition in five axes', x => tf.tile(x, [2, 1, 1, 1, 2]), [[1, 2, 1, 2, 2]]],
  ['slice', x => tf.slice(x, [0, 1], [2, 2]), [[2, 4]]],
  [
    'padding',
    x =>
      tf.pad(x, [
        [1, 0],
        [0, 2],
      ]),
    [[2, 3]],
  ],
  [
    'concatenation',
    (x, y) => tf.concat([x, y, x], 1),
    [
      [2, 3],
      [2, 1],
    ],
  ],
  [
    'stack',
    (x, y) => tf.stack([x, y], 1),
    [
      [2, 3],
      [2, 3],
    ],
  ],
  ['one part of a split', x => tf.split(x, [1, 3], 1)[1], [[2, 4]]],
  ['reshape', x => tf.reshape(x, [3, 2]), [[2, 3]]],
  ['new axis', x => tf.mul(tf.expandDims(x, 1), tf.expandDims(x, 0)), [[3]]],
  ['transposition', x => tf.transpose(x, [0, 2, 1]), [[2, 3, 4]]],
  ['softmax', x => tf.softmax(x), [[2, 5]]],
  ['one input twice', x => tf.add(x, x), [[3]]],
  ['one input many times', x => tf.add(tf.mul(x, tf.add(x, x)), tf.sub(x, tf.mul(x, x))), [[4]]],
  ['a gradient passed on to two inputs', (x, y) => tf.add(tf.add(x, y), tf.add(tf.mul(x, y), y)), [[3], [3]]],
];

describe.each(['wasm', 'cpu'] as const)('gradients on %s', name => {
  beforeAll(() => openBackend(name));

  it.each(cases)('%s agrees with finite differences', (_, graph, shapes, positive) => {
    expect(gradientError(graph, shapes, positive)).toBeLessThan(5e-4);
  });

  it('leaves exactly the value, the gradients and what was kept', () => {
    const x = tf.tensor2d(filled(random, 12), [3, 4]);
    const run = () => {
      let kept: tf.Tensor | undefined;
      const { value, grads } = tf.valueAndGrads((t: tf.Tensor) => {
        const parts = tf.split(tf.mul(tf.softmax(t), tf.tanh(t)), 2, 1);
        kept = tf.keep(tf.clone(parts[0]));
        tf.exp(parts[1]);
        return tf.sum(tf.matMul(parts[0], parts[1], false, true)) as tf.Scalar;
      })([x]);
      return [value, ...grads, kept!];
    };
    tf.dispose(run());
    const before = tf.memory();
    const results = run();
    expect(tf.memory().numTensors).toBe(before.numTensors + 3);
    tf.dispose(results);
    const after = tf.memory();
    expect([after.numTensors, after.numDataBuffers, after.numBytes]).toEqual([
      before.numTensors,
      before.numDataBuffers,
      before.numBytes,
    ]);
    x.dispose();
  });

  it('gives every input a gradient of its own and leaves the given one alone', () => {
    const [x, y, dy] = [tf.ones([2]), tf.ones([2]), tf.tensor1d([5, 7])];
    const [gradX, gradY] = tf.grads((a, b) => tf.add(a, b))([x, y], dy);
    gradX.dispose();
    expect(Array.from(gradY.dataSync())).toEqual([5, 7]);
    gradY.dispose();
    expect(Array.from(dy.dataSync())).toEqual([5, 7]);
    tf.dispose([x, y, dy]);
  });

  it('differentiates a gradient', () => {
    // d²/dx² of x³ + x²/3 is 6x + 2/3.
    const cubic = (x: tf.Tensor) => tf.sum(tf.add(tf.mul(x, tf.square(x)), tf.div(tf.mul(x, x), 3)));
    const second = tf.grad((x: tf.Tensor) => tf.sum(tf.grad(cubic)(x)));
    const got = tf.tidy(() => second(tf.tensor1d([-1, 0.5, 2])).dataSync());
    expect(largestError(got, [-6 + 2 / 3, 3 + 2 / 3, 12 + 2 / 3])).toBeLessThan(1e-5);
  });

  it('uses a gradient that is given', () => {
    const straightThrough = tf.customGrad(input => {
      const x = input as tf.Tensor;
      return { value: tf.round(x), gradFunc: dy => dy };
    });
    const got = tf.tidy(() => {
      const x = tf.tensor1d([0.2, 1.7]);
      return tf
        .grad((t: tf.Tensor) => tf.sum(tf.add(tf.mul(straightThrough(t), 3), t)))(x)
        .dataSync();
    });
    expect(Array.from(got)).toEqual([4, 4]);
  });

  it('says when there is nothing to differentiate', () => {
    const x = tf.ones([2]);
    expect(() => tf.grad(() => tf.scalar(1))(x)).toThrow(/does not depend on the inputs/);
    x.dispose();
  });
});
