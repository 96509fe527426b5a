import type { TensorInfo } from '#tfjs';
import { bufferOf, type HostBackend } from './hostBackend.ts';
import { sizeOf } from './program.ts';

/** Bytes of a float32. */
const FLOAT = 4;

/**
 * Tensors end to end in one, because a program may see only a few buffers. These are copies between commands, not
 * dispatches. None may be empty.
 */
export function pack(backend: HostBackend, tensors: readonly TensorInfo[]): TensorInfo {
  const packed = backend.makeTensorInfo(
    [tensors.reduce((sum, { shape }) => sum + sizeOf(shape), 0)],
    'float32',
  );
  copies(backend, packed, tensors, (whole, part, offset, bytes) => [part, 0, whole, offset, bytes]);
  return packed;
}

/** The first stretches of a tensor as tensors of these shapes. */
export function unpack(
  backend: HostBackend,
  packed: TensorInfo,
  shapes: readonly (readonly number[])[],
): TensorInfo[] {
  const tensors = shapes.map(shape => backend.makeTensorInfo([...shape], 'float32'));
  copies(backend, packed, tensors, (whole, part, offset, bytes) => [whole, offset, part, 0, bytes]);
  return tensors;
}

function copies(
  backend: HostBackend,
  packed: TensorInfo,
  tensors: readonly TensorInfo[],
  copy: (
    whole: GPUBuffer,
    part: GPUBuffer,
    offset: number,
    bytes: number,
  ) => [GPUBuffer, number, GPUBuffer, number, number],
): void {
  const whole = bufferOf(backend, packed);
  const parts = tensors.map(tensor => bufferOf(backend, tensor));
  backend.ensureCommandEncoderReady();
  backend.endComputePassEncoder();
  let offset = 0;
  parts.forEach((part, i) => {
    const bytes = sizeOf(tensors[i].shape) * FLOAT;
    backend.commandEncoder!.copyBufferToBuffer(...copy(whole, part, offset, bytes));
    offset += bytes;
  });
  for (const { dataId } of [packed, ...tensors]) backend.commandQueueOwnedIds.add(dataId);
}
