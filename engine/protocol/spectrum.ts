export interface SpectrumRequest {
  readonly path: string;
  /** The states compared, in updates. */
  readonly from: number;
  readonly to: number;
  readonly level: string;
  readonly block: number;
}

export interface WritePartsRequest {
  readonly path: string;
  /** Index of the update, from 0: one at which the level fired. */
  readonly update: number;
  readonly level: string;
  readonly block: number;
}

/** Singular values of what one matrix changed, largest first, beside those of the matrix itself. */
export interface MatrixSpectrum {
  readonly name: string;
  readonly shape: readonly number[];
  /** Of ΔW and of W after the change. */
  readonly delta: Float32Array;
  readonly weight: Float32Array;
  /** ‖ΔW‖_F and ‖W‖_F. */
  readonly deltaNorm: number;
  readonly weightNorm: number;
  /** exp of the entropy of σ / Σσ (Roy and Vetterli 2007). */
  readonly effectiveRank: number;
  /** ‖ΔW‖_F² / σ₁² */
  readonly stableRank: number;
  /**
   * Largest rank that ΔW can have: its shorter side, and for a CMS level the tokens that were written. The decay of
   * a memory has full rank.
   */
  readonly rankBound: number;
  /** Left singular directions of W + ΔW among its first ten that W did not have (HOPE.md 4.3, ε = 0.6). */
  readonly intruders: number;
}

/** A tensor of three axes is a stack of matrices, one a head: `name[0]`, `name[1]` … Vectors are left out. */
export interface DeltaSpectrum {
  readonly level: string;
  readonly block: number;
  readonly from: number;
  readonly to: number;
  readonly matrices: readonly MatrixSpectrum[];
}

/** ‖·‖_F of the parts that one update adds up from (Eq. 88); a memory's matrices are taken together. */
export interface WriteParts {
  readonly level: string;
  readonly block: number;
  readonly update: number;
  readonly parts: readonly {
    readonly memory: string;
    /** (A_C − 1) W, what the chunk's retention A_C leaves of the weights before it. */
    readonly decay: number;
    /** −η k kᵀ terms of the delta rule, decayed to the end of the chunk; W2 alone has them. */
    readonly erase: number;
    /** −η ∇ℓ terms, decayed to the end of the chunk */
    readonly write: number;
    /** ‖ΔW‖_F of the three together: as matrices, not as norms, they add up to it. */
    readonly delta: number;
    /** Updates of the level until what is written now has decayed to half, ln ½ / ln Ā_C; Infinity where nothing decays. */
    readonly halfLife: number;
  }[];
}
