/** Numbers over the values of a tensor; those that are not finite are counted and left out of the others. */
export interface TensorStatistics {
  /** Values that were read, and values that the tensor has: fewer were read where it is a sample. */
  readonly read: number;
  readonly total: number;
  readonly nan: number;
  readonly infinite: number;
  readonly zeros: number;
  /** NaN where no value is finite. */
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  /** Standard deviation. */
  readonly deviation: number;
  /** ‖W‖_F; of a sample, what the sample lets expect. */
  readonly norm: number;
}

/** Counts of the finite values in equal steps from `min` to `max`, the last step closed. */
export interface Histogram {
  readonly min: number;
  readonly max: number;
  readonly counts: Float64Array;
}

/** A matrix cut out of a tensor: two axes, and one index on each of the others. Vectors are one row. */
export interface SliceChoice {
  readonly rowAxis: number;
  readonly columnAxis: number;
  /** An index for every axis; those of the two axes are not used. */
  readonly at: readonly number[];
}

/** A slice as cells, each the root mean square and the mean of its finite values. NaN where a cell has none. */
export interface HeatMap {
  readonly rows: number;
  readonly columns: number;
  /** Cells down and across. */
  readonly down: number;
  readonly across: number;
  readonly rms: Float32Array;
  readonly mean: Float32Array;
  /** Euclidean norms of rows, at most 512 evenly spaced ones, and which rows they are of. */
  readonly rowNorms: Float32Array;
  readonly rowIndices: Uint32Array;
  /** Values that were read, of `rows` × `columns`. */
  readonly read: number;
}

/** Singular values of a slice, largest first. */
export interface SliceSpectrum {
  readonly rows: number;
  readonly columns: number;
  readonly values: Float32Array;
  /** Number of singular values that the matrix has. */
  readonly of: number;
  /** `exact`, by `random projection`, or from a `sample of rows`. */
  readonly method: 'exact' | 'random projection' | 'sample of rows';
  /** Largest distance of a value shown from a true one, as a share of σ₁; absent for a sample of rows. */
  readonly accuracy?: number;
  /** exp of the entropy of σ / Σσ (Roy and Vetterli 2007); absent where not all values are known. */
  readonly effectiveRank?: number;
  /** ‖·‖_F² / σ₁² */
  readonly stableRank: number;
  readonly norm: number;
}

/** How a tensor of one checkpoint differs from that of another. */
export interface TensorChangeRow {
  readonly name: string;
  /** Its name in the other checkpoint, where it is another one. */
  readonly otherName?: string;
  readonly level?: string;
  readonly block: number;
  readonly shape: readonly number[];
  /** ‖W‖_F before and after, and ‖ΔW‖_F, over the values that are finite in both. */
  readonly before: number;
  readonly after: number;
  readonly delta: number;
  /** ‖ΔW‖ / ‖W‖ before; Infinity where all was 0 before and is not after. */
  readonly relative: number;
  /** Largest change of a value. */
  readonly largest: number;
  /** Values that are not finite in one of the two. */
  readonly notFinite: number;
  /** Cosine of this change and that of a third checkpoint; absent without one, or where one of them is 0. */
  readonly cosine?: number;
}

/** Tensors that cannot be compared. */
export interface Unmatched {
  /** In the first checkpoint alone, and in the second alone. */
  readonly missing: readonly string[];
  readonly added: readonly string[];
  readonly reshaped: readonly {
    readonly name: string;
    readonly before: readonly number[];
    readonly after: readonly number[];
  }[];
}

/** Singular values of ΔW of one matrix, largest first. */
export interface ChangeSpectrum {
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
  readonly method: 'exact' | 'random projection';
  /** Largest distance of a value from a true one, as a share of σ₁. */
  readonly accuracy?: number;
  readonly values: Float32Array;
  /** exp of the entropy of σ / Σσ (Roy and Vetterli 2007); absent where not all values are known. */
  readonly effectiveRank?: number;
  /** ‖ΔW‖_F² / σ₁² */
  readonly stableRank: number;
  /** Left singular directions of W + ΔW among its first ten that W did not have; absent where it was too large. */
  readonly intruders?: number;
}

/** A tensor in the numbers of its row in a tree, over all of its values. */
export interface TensorMeasure {
  readonly name: string;
  /** √Σ x² over the values that are finite. */
  readonly norm: number;
  readonly nan: number;
  readonly infinite: number;
}
