import type { CancellationToken } from 'vscode';
import type { ModelInfo, Probe, ProbeScore, TensorInfo } from '../../engine/protocol/index.ts';

/** What views may ask of the engine. Each starts the engine when none runs and rejects with an `EngineFailure`. */
export interface EngineApi {
  /** Tensors of the loaded model; empty while none is loaded, which starts nothing. */
  describe(token?: CancellationToken): Promise<readonly TensorInfo[]>;
  /** Scores on the fast state as it is, in the order of the probes. Loads the configured model if none is. */
  scoreProbes(probes: readonly Probe[], token?: CancellationToken): Promise<readonly ProbeScore[]>;
  /** The loaded model; loads the configured one if none is. */
  model(token?: CancellationToken): Promise<ModelInfo>;
}
