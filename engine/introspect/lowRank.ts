import { Matrix } from 'ml-matrix';
import {
  type DenseMatrix,
  fromMatrix,
  leftVectors,
  type Singular,
  singular,
  toMatrix,
} from './singularValues.ts';

/** exp of the entropy of σ / Σσ (Roy and Vetterli 2007); 0 for a matrix of zeros. */
export function effectiveRank(values: ArrayLike<number>): number {
  const all = Array.from(values);
  const total = all.reduce((sum, value) => sum + value, 0);
  if (!(total > 0)) return 0;
  const entropy = all.reduce(
    (sum, value) => sum - (value > 0 ? (value / total) * Math.log(value / total) : 0),
    0,
  );
  return Math.exp(entropy);
}

/** ‖·‖_F² / σ₁²; 0 for a matrix of zeros. */
export function stableRank(values: ArrayLike<number>): number {
  const squares = Array.from(values, value => value * value);
  const largest = Math.max(0, ...squares);
  return largest > 0 ? squares.reduce((sum, square) => sum + square, 0) / largest : 0;
}

/** Largest rank that a change can have: its shorter side, and the tokens it was written from, where they are known. */
export function rankBound(rows: number, columns: number, tokens = Number.POSITIVE_INFINITY): number {
  return Math.min(rows, columns, tokens);
}

/** The matrix with only its `rank` largest singular values. */
export function truncate(matrix: DenseMatrix, rank: number, found = singular(matrix)): DenseMatrix {
  const { rows, columns } = matrix;
  const kept = Math.min(rank, found.values.length);
  if (kept === found.values.length) return matrix;
  if (kept <= 0) return { rows, columns, data: new Float32Array(rows * columns) };
  const vectors = found.vectors.subMatrix(0, found.vectors.rows - 1, 0, kept - 1);
  const dense = toMatrix(matrix);
  return fromMatrix(
    found.side === 'left'
      ? vectors.mmul(vectors.transpose().mmul(dense))
      : dense.mmul(vectors).mmul(vectors.transpose()),
  );
}

/** Singular directions of a changed matrix that the matrix before had not. */
export interface Intruders {
  /** Indices into the singular values of the changed matrix, largest first. */
  readonly indices: readonly number[];
  /** Largest |cos| of each of the first directions of the changed matrix with one of the matrix before. */
  readonly similarity: Float64Array;
}

/** Singular directions of W + ΔW that are looked at. */
export const INTRUDER_DIRECTIONS = 10;
/** Largest |cos| to a direction of W that an intruder may have. */
export const INTRUDER_EPSILON = 0.6;

/**
 * Intruder dimensions (Shuttleworth et al. 2024): left singular vectors among the first ten of W + ΔW with
 * max_i |⟨u′_j, u_i⟩| < ε over all left singular vectors u_i of W.
 * @param before W @param after W + ΔW
 */
export function intruders(
  before: DenseMatrix,
  after: DenseMatrix,
  epsilon = INTRUDER_EPSILON,
  {
    ofBefore = singular(before),
    ofAfter = singular(after),
  }: { ofBefore?: Singular; ofAfter?: Singular } = {},
): Intruders {
  const known = leftVectors(before, ofBefore);
  const fresh = leftVectors(after, ofAfter, INTRUDER_DIRECTIONS);
  if (fresh.columns === 0) return { indices: [], similarity: new Float64Array(0) };
  const overlap = known.columns ? known.transpose().mmul(fresh) : new Matrix(1, fresh.columns);
  const similarity = Float64Array.from({ length: fresh.columns }, (_, j) =>
    overlap.getColumn(j).reduce((most, value) => Math.max(most, Math.abs(value)), 0),
  );
  return { indices: [...similarity.keys()].filter(j => similarity[j] < epsilon), similarity };
}

/**
 * W + ΔW with the singular values of its intruder dimensions times `factor`: 1 changes nothing, 0 removes them.
 * @param before W @param after W + ΔW
 */
export function dampIntruders(
  before: DenseMatrix,
  after: DenseMatrix,
  epsilon: number,
  factor: number,
): DenseMatrix {
  const ofAfter = singular(after);
  const { indices } = intruders(before, after, epsilon, { ofAfter });
  if (indices.length === 0 || factor === 1) return after;
  const dense = toMatrix(after);
  const vectors = ofAfter.vectors.subMatrixColumn([...indices]);
  const part =
    ofAfter.side === 'left'
      ? vectors.mmul(vectors.transpose().mmul(dense))
      : dense.mmul(vectors).mmul(vectors.transpose());
  return fromMatrix(Matrix.add(dense, part.mul(factor - 1)));
}
