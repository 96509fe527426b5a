/** A whole state of a run. */
export interface Keyframe {
  /** Updates that the state holds. */
  readonly updates: number;
  /** A safetensors file. */
  readonly fastState: Uint8Array;
}

/**
 * Numbers of a piece. A state is written and read in pieces, so that the memory of one serves the next: to ask for the
 * megabytes of a whole state anew can take longer than all the rest.
 */
export const PIECE = 65_536;
