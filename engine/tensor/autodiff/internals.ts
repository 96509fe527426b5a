import { tf } from '../tf.ts';

/** An operation as the tape remembers it. */
export interface TapeNode {
  id: number;
  kernelName: string;
  inputs: Record<string, tf.Tensor>;
  outputs: tf.Tensor[];
  saved: Saved[];
  gradient?: (dys: (tf.Tensor | null)[]) => Record<string, () => tf.Tensor>;
}

/** What a gradient gets of an input or output: a tensor, or its shape alone where no more is needed. */
export type Saved = Pick<tf.Tensor, 'shape' | 'rank' | 'dtype' | 'size' | 'dispose'>;

export interface Scope {
  id: number;
  name: string;
  track: tf.Tensor[];
}

/** The parts of the library's engine that we replace or use; its version is pinned because of them. */
export interface EngineInternals {
  state: {
    gradientDepth: number;
    kernelDepth: number;
    numTensors: number;
    numBytes: number;
    nextTapeNodeId: number;
    activeTape: TapeNode[] | null;
    activeScope: Scope | null;
    scopeStack: Scope[];
    profiling: boolean;
    tensorInfo: Map<object, unknown> | WeakMap<object, unknown>;
  };
  ENV: { getBool(flag: string): boolean };
  backendName: string | null;
  backend: tf.KernelBackend;
  runKernel(name: string, inputs: tf.NamedTensorMap, attributes?: tf.NamedAttrMap): tf.Tensor | tf.Tensor[];
  saveTensorsForBackwardMode(tensors: tf.Tensor[]): Saved[];
  getTensorsForGradient(name: string, inputs: tf.NamedTensorMap, outputs: tf.Tensor[]): tf.Tensor[];
  addTapeNode(
    name: string,
    inputs: tf.NamedTensorMap,
    outputs: tf.Tensor[],
    gradient: null,
    saved: Saved[],
    attributes: tf.NamedAttrMap,
  ): void;
  makeTensorFromTensorInfo(info: tf.TensorInfo): tf.Tensor;
  nextTensorId(): number;
  track(tensor: tf.Tensor): tf.Tensor;
  endScope(result?: tf.TensorContainer): void;
  startTape(): void;
  endTape(): void;
  scopedRun<T>(start: () => void, end: () => void, run: () => T): T;
  tidy<T extends tf.TensorContainer>(name: string, run: () => T): T;
  gradients(
    run: () => tf.Tensor,
    xs: tf.Tensor[],
    dy?: tf.Tensor,
    allowNoGradients?: boolean,
  ): { value: tf.Tensor; grads: tf.Tensor[] };
}

export const internals = tf.engine() as unknown as EngineInternals;
