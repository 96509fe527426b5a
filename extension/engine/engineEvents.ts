import type { DroppedBackend, Frame, TokenSpans, TrainProgress } from '../../engine/protocol/index.ts';
import type { Restored } from './memoryOfEngine.ts';

/** What a training hears from the engine while it runs. */
export interface TrainListener {
  tokens(spans: TokenSpans): void;
  frame(frame: Frame): void;
  progress(progress: TrainProgress): void;
}

/** An engine that ended by itself was started again, or no longer is. */
export interface EngineReturn {
  readonly cause: string;
  /** The backend that is not used any more because of this end. */
  readonly dropped?: DroppedBackend;
  /** The backend of the engine that came back, as users know it. */
  readonly backend?: string;
  /** Absent when there were too many restarts; `problem` says how the last one ended. */
  readonly restored?: Restored;
  readonly problem?: string;
}
