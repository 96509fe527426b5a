import type {
  LevelInfo,
  Probe,
  ProbeScore,
  TensorInfo,
  TrainOptions,
  Update,
} from '../../engine/protocol/index.ts';
import type { TokenPlaces } from './tokenPlaces.ts';

/** What a stepped training is of; does not change while it is open. */
export interface SteppedRun {
  readonly id: string;
  readonly title: string;
  /** File name or address of the text, and the last part of it, as the debugger names sources. */
  readonly source: { readonly path: string; readonly name: string };
  readonly blocks: number;
  /** Fast to slow, without `outer`: the order of `Update.metrics`. */
  readonly levels: readonly LevelInfo[];
  readonly options: TrainOptions;
  /** Probes that the Variables view shows. */
  readonly probes: readonly Probe[];
}

/** Asks whether to stop early. */
export interface Stopping {
  readonly isCancellationRequested: boolean;
}

/**
 * A training that goes only when told to, with a cursor: the number of updates that the memory holds. Updates before
 * the cursor can be gone back to; those after it, once made, stay recorded. Every method rejects with an
 * `EngineFailure` when the engine refuses or ends.
 */
export interface Stepper {
  readonly run: SteppedRun;
  /** Where the tokens lie that were tokenised so far. */
  readonly places: TokenPlaces;
  readonly cursor: number;
  /** Updates made so far, whether before or after the cursor. */
  readonly recorded: number;
  /** Whether the text was trained to its end and the cursor is there. */
  readonly ended: boolean;
  /** Moves the cursor: to an update made before, or at most one further than any. */
  moveTo(updates: number): Promise<void>;
  /** Recorded updates `first` to `first + count − 1`, fewer at the end of what is recorded. */
  updates(first: number, count: number): Promise<readonly Update[]>;
  /** Tensors of the model at the cursor. */
  describe(): Promise<readonly TensorInfo[]>;
  /** Scores on the memory at the cursor. */
  scoreProbes(probes: readonly Probe[]): Promise<readonly ProbeScore[]>;
  /** Whether the text was edited since it was read. */
  outdated(): boolean;
  /** Ends the training where the cursor is. Asked again, it does nothing. */
  close(): Promise<void>;
  /** Called with the cause when the engine ended; nothing can be asked any more. */
  onDidFail(listener: (cause: string) => void): void;
  /** Called when more tokens have a place. */
  onDidPlaceTokens(listener: () => void): void;
}
