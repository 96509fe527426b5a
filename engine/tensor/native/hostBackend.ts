import type { KernelBackend, TensorInfo } from '#tfjs';

/** A tensor as TensorFlow's binding tells of it: its number there, its shape, and TensorFlow's number of its type. */
export interface Handle {
  readonly id: number;
  readonly shape: number[];
  readonly dtype: number;
}

/** An attribute of an operation; types of elements need none where an input has them. */
export interface Attribute {
  readonly name: string;
  readonly type: number;
  readonly value: boolean | number;
}

/** The addon: operations of TensorFlow, one call each. */
interface Binding {
  readonly TF_FLOAT: number;
  readonly TF_INT32: number;
  readonly TF_ATTR_BOOL: number;
  readonly TF_ATTR_INT: number;
  readonly TF_ATTR_TYPE: number;
  executeOp(name: string, attributes: readonly Attribute[], inputs: number[], outputs: number): Handle[];
  /** Number of a new tensor; what is int32 stays in the processor's memory, as arguments of operations must. */
  createTensor(shape: readonly number[], dtype: number, values: Float32Array | Int32Array): number;
  deleteTensor(id: number): void;
}

/** What the engine uses of the package's backend. These are internals, so its version is pinned. */
export interface HostBackend extends KernelBackend {
  /** Whether TensorFlow listed a GPU; without one, the CUDA package computes on the CPU and says nothing. */
  readonly isUsingGpuDevice: boolean;
  readonly binding: Binding;
  /** Numbers of tensors, made now where their values were not handed over yet. */
  getInputTensorIds(tensors: readonly TensorInfo[]): number[];
  /** A tensor of the library, which owns the handle from now on. */
  createOutputTensor(handle: Handle): TensorInfo;
}
