import { squaredNorms } from './squares.ts';
import { tf } from './tf.ts';

/** One number asked of tensors, or of each of `groups` equal parts of them; of a write four. */
export type Measurement =
  /** Σ (x − y)² over the tensors, y = 0 without `from`. */
  | { readonly what: 'squares'; readonly of: readonly tf.Tensor[]; readonly from?: readonly tf.Tensor[] }
  /**
   * Of weights that were written: Σ error², Σ (after − before)² or 0 without `before`, Σ after², Σ (after − base)², each
   * over all tensors of a group; as many follow each other in a group as in every other.
   */
  | {
      readonly what: 'write';
      readonly error: readonly tf.Tensor[];
      readonly before?: readonly tf.Tensor[];
      readonly of: readonly tf.Tensor[];
      readonly base: readonly tf.Tensor[];
      readonly groups?: number;
    }
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
    const groups = 'groups' in each ? (each.groups ?? 1) : 1;
    return { what: each.what, count: each.of.length, pairs: before(each) !== undefined, groups };
  });
  const inputs = measurements.flatMap(each => [
    ...each.of,
    ...(before(each) ?? []),
    ...(each.what === 'write' ? [...each.error, ...each.base] : []),
  ]);
  return tf.engine().runKernel('HopeMeasure', inputs as never, { steps } as never) as tf.Tensor1D;
}

/** What tensors are compared to, one each. */
function before(asked: Measurement): readonly tf.Tensor[] | undefined {
  if (asked.what === 'write') return asked.before;
  return asked.what === 'squares' ? asked.from : undefined;
}

function composed(asked: Measurement): tf.Tensor1D {
  switch (asked.what) {
    case 'squares':
      return squaredNorms([asked.of], asked.from && [asked.from]);
    case 'write': {
      const { error, of, base, groups = 1 } = asked;
      const parts = (tensors: readonly tf.Tensor[]) => {
        const each = tensors.length / groups;
        return Array.from({ length: groups }, (_, i) => tensors.slice(i * each, (i + 1) * each));
      };
      const step = asked.before
        ? squaredNorms(parts(of), parts(asked.before))
        : tf.zeros<tf.Rank.R1>([groups]);
      const numbers = [squaredNorms(parts(error)), step, squaredNorms(parts(of))];
      return tf.reshape(tf.stack([...numbers, squaredNorms(parts(of), parts(base))], 1), [4 * groups]);
    }
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
