import type { DataType, KernelBackend, TensorInfo } from '#tfjs';

/** A tensor's place in the library's WebGPU backend: on the device, or in `values` until its first use there. */
export interface HostTensorData {
  readonly dtype: DataType;
  readonly shape: number[];
  values?: ArrayLike<number> | null;
  resource?: GPUBuffer | null;
}

export interface HostUniform {
  readonly type: 'int32' | 'uint32' | 'float32';
  readonly data: number[];
}

/** The parts of the library's WebGPU backend that we use; its version is pinned because of them. */
export interface HostBackend extends KernelBackend {
  readonly device: GPUDevice;
  readonly tensorMap: { get(dataId: object): HostTensorData };
  /** Tensors of commands that were not submitted yet; their buffers are not reused before. */
  commandQueueOwnedIds: WeakSet<object>;
  commandEncoder: GPUCommandEncoder | null;
  computePassEncoder: GPUComputePassEncoder | null;
  dispatchCountInPass: number;
  makeTensorInfo(shape: number[], dtype: DataType): TensorInfo;
  /** Gives a tensor its buffer, with its values where it has some. */
  uploadToGPU(dataId: object): void;
  makeUniforms(uniforms: HostUniform[]): GPUBufferBinding;
  ensureCommandEncoderReady(): void;
  endComputePassEncoder(): void;
  submitQueue(): void;
}

/** The buffer of a tensor, uploaded when it was not. */
export function bufferOf(backend: HostBackend, { dataId }: TensorInfo): GPUBuffer {
  backend.uploadToGPU(dataId);
  return backend.tensorMap.get(dataId).resource as GPUBuffer;
}
