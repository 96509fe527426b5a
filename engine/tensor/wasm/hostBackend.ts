import type { DataId, DataType, KernelBackend, TensorInfo } from '#tfjs';

/** What the kernels use of the library's wasm backend. These are internals, so the library's version is pinned. */
export interface HostBackend extends KernelBackend {
  wasm: {
    /** The WebAssembly.Memory; it stays the same object when the memory grows, its buffer does not. */
    asm: { memory: object };
    _malloc(bytes: number): number;
    _free(pointer: number): void;
  };
  dataIdMap: {
    get(dataId: DataId): { memoryOffset: number };
    data: WeakMap<DataId, unknown> | Map<DataId, unknown>;
  };
  makeOutput(shape: number[], dtype: DataType): TensorInfo;
  /** A view of the tensor's elements, valid until the memory grows. */
  typedArrayFromHeap(tensor: TensorInfo): Float32Array | Int32Array | Uint8Array;
}

/** Address of a tensor's first element in the host's memory. */
export function addressOf(backend: HostBackend, tensor: TensorInfo): number {
  return backend.dataIdMap.get(tensor.dataId).memoryOffset;
}
