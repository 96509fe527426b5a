import type { BackendName } from '../protocol/backend.ts';
import type { ThreadCount } from '../protocol/threads.ts';

/** What a candidate process is told, as its one message. */
export interface CandidateTask {
  readonly backend: BackendName;
  /** Folder of the model whose tick is timed; without one the backend is opened and tested only. */
  readonly model?: string;
  readonly nativeFolder?: string;
  readonly wasmFolder?: string;
  readonly webgpuFolder?: string;
  /** Cores of the wasm backend. */
  readonly threads?: ThreadCount;
}

export interface TickTime {
  /** Median of several ticks. */
  readonly milliseconds: number;
  /** Mean loss of the first ticks in nats, the same on every backend but for rounding. */
  readonly loss: number;
}

/** What it answers before it ends by itself. */
export type CandidateAnswer =
  | { readonly label: string; readonly tick?: TickTime }
  | { readonly refused: string };
