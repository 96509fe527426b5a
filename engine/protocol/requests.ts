import { NotificationType, ProgressType, RequestType, RequestType0 } from 'vscode-jsonrpc';
import type { Frame } from './frame.ts';
import type { ModelInfo, TensorInfo } from './model.ts';
import type { Probe, ProbeScore } from './probe.ts';
import type { TokenSpans, TrainProgress, TrainRequest, TrainResult } from './training.ts';

export interface InitializeParams {
  readonly protocolVersion: number;
  /** `auto` or a backend's name. */
  readonly backend: string;
}
export interface InitializeResult {
  readonly protocolVersion: number;
  readonly engineVersion: string;
  readonly backend: string;
  /** Why faster candidates were refused, one sentence each. */
  readonly refused: readonly string[];
  readonly node: string;
  readonly pid: number;
}
export interface RecoverResult {
  /** Updates that the fast state holds again. */
  readonly updates: number;
  /** Updates recomputed after the last keyframe. */
  readonly recomputed: number;
}

/** First request; the engine refuses everything else before it. */
export const Initialize = new RequestType<InitializeParams, InitializeResult, EngineErrorData>('initialize');
/** Reads a model folder (config.json, tokenizer.json, model.safetensors); the fast state starts at its base. */
export const LoadModel = new RequestType<{ path: string }, ModelInfo, EngineErrorData>('loadModel');
/** Trains the fast state on a text. Cancellable; progress by `trainProgress` with the run id as token. */
export const Train = new RequestType<TrainRequest, TrainResult, EngineErrorData>('train');
/** Stops a training after the tick in flight; answers when it has stopped. */
export const Cancel = new RequestType<{ runId: string }, { stopped: boolean }, EngineErrorData>('cancel');
export const ScoreProbes = new RequestType<{ probes: readonly Probe[] }, ProbeScore[], EngineErrorData>(
  'probe',
);
/** Mean next-token loss of a text read with the current fast state; writes are discarded. */
export const Evaluate = new RequestType<{ text: string }, { loss: number; tokens: number }, EngineErrorData>(
  'evaluate',
);
/** Puts the fast state back to the base checkpoint. */
export const ResetMemory = new RequestType0<ModelInfo, EngineErrorData>('resetMemory');
/** Writes the fast state, as deltas against the base, to a safetensors file. */
export const SaveFastState = new RequestType<{ path: string }, { bytes: number }, EngineErrorData>(
  'saveFastState',
);
export const LoadFastState = new RequestType<{ path: string }, ModelInfo, EngineErrorData>('loadFastState');
/** Every tensor of the model with its norm and its change since the base. */
export const Describe = new RequestType0<TensorInfo[], EngineErrorData>('describe');
/** After a restart: the fast state as of the last update recorded in a run file. */
export const Recover = new RequestType<{ runPath: string }, RecoverResult, EngineErrorData>('recover');

/** Engine to host, once a second. */
export const Heartbeat = new NotificationType<{ residentBytes: number; tensors: number }>('heartbeat');
/** Engine to host: updates, merged to at most 30 frames a second. The host answers each with FrameSeen. */
export const UpdateFrame = new NotificationType<Frame>('updateFrame');
export const FrameSeen = new NotificationType<{ runId: string; next: number }>('frameSeen');
export const Tokens = new NotificationType<TokenSpans>('tokens');
export const Log = new NotificationType<{ level: 'debug' | 'info' | 'warn' | 'error'; text: string }>('log');
export const Progress = new ProgressType<TrainProgress>();

/** Travels in the `data` of every refused request. */
export interface EngineErrorData {
  readonly code: EngineErrorCode;
  /** What the user can do about it, one sentence. */
  readonly remedy?: string;
}
export type EngineErrorCode =
  | 'version'
  | 'not-initialized'
  | 'no-model'
  | 'bad-model'
  | 'bad-input'
  | 'busy'
  | 'diverged'
  | 'io'
  | 'internal';
