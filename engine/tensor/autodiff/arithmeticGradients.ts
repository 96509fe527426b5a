// Gradients of the most frequent operations, without the casts, copies and tensors of ones of the library's own.
import { tf } from '../tf.ts';
import { expandTo, reduceTo } from './reduceTo.ts';

type GradientFunction = (
  dy: tf.Tensor,
  saved: tf.Tensor[],
  attributes: Record<string, unknown>,
) => Record<string, () => tf.Tensor>;

function replace(kernelName: string, inputsToSave: string[], gradFunc: GradientFunction): void {
  tf.unregisterGradient(kernelName);
  tf.registerGradient({ kernelName, inputsToSave, gradFunc: gradFunc as tf.GradFunc });
}

/** Shape with the summed axes kept as 1, and how many elements each sum had. */
function keptShape(shape: number[], axis: unknown): { kept: number[]; count: number } {
  const axes = tf.util.parseAxisParam(axis as number | number[], shape);
  const kept = shape.map((size, at) => (axes.includes(at) ? 1 : size));
  return { kept, count: tf.util.sizeFromShape(shape) / tf.util.sizeFromShape(kept) };
}

replace('Add', ['a', 'b'], (dy, [a, b]) => ({
  a: () => reduceTo(dy, a.shape),
  b: () => reduceTo(dy, b.shape),
}));

replace('Sub', ['a', 'b'], (dy, [a, b]) => ({
  a: () => reduceTo(dy, a.shape),
  b: () => tf.neg(reduceTo(dy, b.shape)),
}));

replace('Multiply', ['a', 'b'], (dy, [a, b]) => ({
  a: () => reduceTo(tf.mul(dy, b), a.shape),
  b: () => reduceTo(tf.mul(dy, a), b.shape),
}));

replace('RealDiv', ['a', 'b'], (dy, [a, b]) => ({
  a: () => reduceTo(tf.div(dy, b), a.shape),
  b: () => tf.neg(tf.div(reduceTo(tf.div(tf.mul(dy, a), b), b.shape), b)),
}));

replace('Square', ['x'], (dy, [x]) => ({ x: () => tf.mul(dy, tf.mul(x, 2)) }));

replace('Sqrt', ['x'], (dy, [x]) => ({ x: () => tf.mul(dy, tf.mul(tf.rsqrt(x), 0.5)) }));

replace('Rsqrt', ['x'], (dy, [x]) => ({
  x: () => {
    const y = tf.rsqrt(x);
    return tf.mul(dy, tf.mul(tf.mul(y, -0.5), tf.square(y)));
  },
}));

replace('Sum', ['x'], (dy, [x], { axis }) => ({
  x: () => expandTo(tf.reshape(dy, keptShape(x.shape, axis).kept), x.shape),
}));

replace('Mean', ['x'], (dy, [x], { axis }) => ({
  x: () => {
    const { kept, count } = keptShape(x.shape, axis);
    return expandTo(tf.mul(tf.reshape(dy, kept), 1 / count), x.shape);
  },
}));

replace('Tile', ['x'], (dy, [x], { reps }) => ({
  x: () => {
    const apart = x.shape.flatMap((size, axis) => [(reps as number[])[axis], size]);
    return tf.reshape(
      tf.sum(
        tf.reshape(dy, apart),
        [...x.shape.keys()].map(axis => 2 * axis),
      ),
      x.shape,
    );
  },
}));
