import type { LevelInfo } from './level.ts';

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
  /** Updates applied to the fast state since the base checkpoint. */
  readonly updates: number;
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
}
