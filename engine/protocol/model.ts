import type { LevelInfo } from './level.ts';

/** What a chunk with one key, at the largest η and α = 1, multiplies a linear memory's answer to it by. */
export interface LevelStability {
  readonly level: 'memory' | 'projections';
  readonly factor: number;
  /** 1 − |factor|: below 0 a key that keeps coming back makes the memory grow without end. */
  readonly margin: number;
}

/** What the engine tells of a loaded model. */
export interface ModelInfo {
  readonly name: string;
  /** Folder it was read from. */
  readonly path: string;
  readonly blocks: number;
  readonly width: number;
  readonly heads: number;
  readonly vocabulary: number;
  readonly parameters: number;
  /** Fast to slow, `outer` last. */
  readonly levels: readonly LevelInfo[];
  /** Smallest step of training in tokens, the gcd of all periods. */
  readonly tick: number;
  /** Of levels with an inner loss, how far their writes stay from running away. */
  readonly stability?: readonly LevelStability[];
  /** Updates applied to the fast state since the base checkpoint. */
  readonly updates: number;
}

/** What the optimizer of a level remembers of a tensor: a memory that is a level of its own (§4 of the paper). */
export interface MemoryInfo {
  readonly name: string;
  readonly shape: readonly number[];
  /** ‖m‖_F now; every memory begins at zero. */
  readonly norm: number;
  /** ‖Δm‖_F of its last write, where that was measured and the state was not put back since. */
  readonly deltaNorm?: number;
  /** ‖∇‖_F of its inner objective before that write; absent, too, where it answers nothing. */
  readonly surprise?: number;
}

/** A tensor of the loaded model, for the Checkpoint tree. */
export interface TensorInfo {
  /** Name in `model.safetensors`, dots separate folders of the tree. */
  readonly name: string;
  /** −1 for tensors outside the blocks. */
  readonly block: number;
  readonly module: string;
  readonly level: string;
  readonly shape: readonly number[];
  readonly dtype: string;
  /** ‖W‖_F now. */
  readonly norm: number;
  /** ‖W − W₀‖_F against the base checkpoint; 0 when it never changed. */
  readonly delta: number;
  /** Absent where nothing is remembered of it. */
  readonly memories?: readonly MemoryInfo[];
}
