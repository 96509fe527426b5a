import { squaredNorms } from './squares.ts';
import { tf } from './tf.ts';

/** One number asked of tensors, or one for each of `groups` equal parts of them. */
export type Measurement =
  /** Σ (x − y)² over the tensors, y = 0 without `from`. */
  | { readonly what: 'squares'; readonly of: readonly tf.Tensor[]; readonly from?: readonly tf.Tensor[] }
  /** Mean over rows of the norm of a row that lies along the last axes of several tensors with equally many rows. */
  | { readonly what: 'rowNorm'; readonly of: readonly tf.Tensor[]; readonly groups?: number }
  | { readonly what: 'mean' | 'meanExponential'; readonly of: readonly [tf.Tensor] };

/** How the kernel is told apart what the inputs are. */
export interface MeasureStep {
  readonly what: Measurement['what'];
  /** Tensors in `of`. */
  readonly count: number;
  readonly pairs: boolean;
  readonly groups: number;
}

/** The numbers of all measurements, one after the other, in one kernel where the backend has it: [numbers]. */
export function measureAll(measurements: readonly Measurement[]): tf.Tensor1D {
  if (!tf.getKernel('HopeMeasure', tf.getBackend())) {
    return tf.tidy(() => tf.concat1d(measurements.map(composed)));
  }
  const steps = measurements.map((each): MeasureStep => {
    const groups = each.what === 'rowNorm' ? (each.groups ?? 1) : 1;
    const pairs = each.what === 'squares' && each.from !== undefined;
    return { what: each.what, count: each.of.length, pairs, groups };
  });
  const inputs = measurements.flatMap(each => [
    ...each.of,
    ...(each.what === 'squares' ? (each.from ?? []) : []),
  ]);
  return tf.engine().runKernel('HopeMeasure', inputs as never, { steps } as never) as tf.Tensor1D;
}

function composed(asked: Measurement): tf.Tensor1D {
  switch (asked.what) {
    case 'squares':
      return squaredNorms([asked.of], asked.from && [asked.from]);
    case 'rowNorm': {
      const squares = asked.of.map(x => tf.sum(tf.square(tf.reshape(x, [-1, x.shape[x.rank - 1]])), 1));
      return tf.mean(tf.reshape(tf.sqrt(tf.addN(squares)), [asked.groups ?? 1, -1]), 1) as tf.Tensor1D;
    }
    case 'mean':
      return tf.reshape(tf.mean(asked.of[0]), [1]);
    case 'meanExponential':
      return tf.reshape(tf.mean(tf.exp(asked.of[0])), [1]);
  }
}
