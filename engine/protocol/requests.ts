import { NotificationType, ProgressType, RequestType, RequestType0 } from 'vscode-jsonrpc';
import type { BackendName, BackendVerdict, DroppedBackend } from './backend.ts';
import type { Frame } from './frame.ts';
import type { ModelInfo, TensorInfo } from './model.ts';
import type { Probe, ProbeScore } from './probe.ts';
import type { ThreadCount } from './threads.ts';
import type { TokenSpans, TrainProgress, TrainRequest, TrainResult } from './training.ts';

export interface InitializeParams {
  readonly protocolVersion: number;
  /** `auto` or a backend's name. */
  readonly backend: string;
  /** Folder where measurements of the backends are kept; without it nothing is kept. */
  readonly storage?: string;
  /** Folder of the native TensorFlow, whether it exists or not. */
  readonly nativeFolder?: string;
  /** Cores that the wasm backend's kernels compute on; one by default. */
  readonly threads?: ThreadCount;
  /** Folder of the model that will be loaded: `auto` takes the fastest backend measured on it. */
  readonly model?: string;
  /** Backends that ended the engine before this one and must not be opened again. */
  readonly dropped?: readonly DroppedBackend[];
}
export interface InitializeResult {
  readonly protocolVersion: number;
  readonly engineVersion: string;
  readonly backend: BackendName;
  /** The backend as users know it: `CUDA`, `TensorFlow CPU`, `wasm` and so on. */
  readonly label: string;
  /** Why other backends were passed over at this start, one sentence each. */
  readonly refused: readonly string[];
  /** What was measured on the model before; absent when nothing was, or something has changed since. */
  readonly verdict?: BackendVerdict;
  readonly node: string;
  readonly pid: number;
}
export interface MeasureParams {
  /** Measures even what is known. */
  readonly again: boolean;
  /** Folder of the native TensorFlow now; by default that of the handshake. */
  readonly nativeFolder?: string;
}
export interface AddLevelsParams {
  /** Folder of the pre-trained model. */
  readonly source: string;
  /** Folder to make. */
  readonly target: string;
  /** Tokens, fast to slow; the last of the pre-trained MLPs. */
  readonly periods: readonly number[];
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
/** Stacks memory levels on a Llama or GPT-2, in a new model folder; no model needs to be loaded. Cancellable. */
export const AddLevels = new RequestType<AddLevelsParams, { path: string }, EngineErrorData>('addLevels');
/** Every tensor of the model with its norm and its change since the base. */
export const Describe = new RequestType0<TensorInfo[], EngineErrorData>('describe');
/** After a restart: the fast state as of the last update recorded in a run file. */
export const Recover = new RequestType<{ runPath: string }, RecoverResult, EngineErrorData>('recover');

/**
 * Times every backend on the loaded model, each in a process of its own, and keeps the result. Answers at once with what
 * is known unless `again`. Refused as `busy` while a training runs, and stopped by one that begins.
 */
export const MeasureBackends = new RequestType<MeasureParams, BackendVerdict, EngineErrorData>(
  'measureBackends',
);

/** Engine to host, before a backend is opened: if the engine ends without another word, that was why. */
export const OpeningBackend = new NotificationType<{ name: BackendName }>('openingBackend');
/** Engine to host, before it ends because its backend did: the device was lost, the driver gave up. */
export const BackendLost = new NotificationType<{ reason: string }>('backendLost');
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
  | 'bad-backend'
  | 'bad-input'
  | 'busy'
  | 'diverged'
  | 'io'
  | 'internal';
